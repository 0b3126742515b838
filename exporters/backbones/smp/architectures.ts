import { badText, isFields, jsonIn, knownText } from '../arguments/extras.js';
import type { Extras, NamedArguments } from '../backbone.js';
import type { Architecture } from './decoders/decoder.js';
import { DEEPLABV3PLUS } from './decoders/deeplabv3plus.js';
import { FPN } from './decoders/fpn.js';
import { LINKNET } from './decoders/linknet.js';
import { MANET } from './decoders/manet.js';
import { UNET } from './decoders/unet.js';
import { UNETPLUSPLUS } from './decoders/unetplusplus.js';

/** The classes of segmentation_models.pytorch that are known. */
export const ARCHITECTURES: readonly Architecture[] = [
  UNET,
  UNETPLUSPLUS,
  LINKNET,
  MANET,
  FPN,
  DEEPLABV3PLUS,
];

/** Where `save_pretrained` writes the arguments. */
const CONFIG = 'config.json';
const NAMES = ARCHITECTURES.map(({ className }) => className);

/**
 * The arguments that stand beside the weights; undefined where there are none, or those of another library.
 * @throws NmodeError (BAD_CHECKPOINT) for what is not JSON, and for a class that is not known
 */
export function configIn(extras: Extras): NamedArguments | undefined {
  const found = jsonIn(extras, CONFIG);
  if (!isFields(found) || !('encoder_name' in found)) return undefined;
  const { _model_class: name } = found;
  // Without a class the keys tell it.
  if (name === undefined || (typeof name === 'string' && NAMES.includes(name))) return found;
  throw badText(
    CONFIG,
    `_model_class is ${JSON.stringify(name).slice(0, 60)}, expected ${knownText(name, NAMES)}`,
  );
}
