import { DENSENETS } from './densenet.js';
import { EFFICIENTNETS } from './efficientnet.js';
import type { Encoder } from './encoder.js';
import { MITS } from './mit.js';
import { TIMM_EFFICIENTNETS } from './timm-efficientnet.js';
import { MOBILENET_V2, RESNETS, TU_RESNETS } from './torchvision.js';
import { TU_CONVNEXTS } from './tu-convnext.js';
import { TU_MOBILENETS_V3 } from './tu-mobilenet-v3.js';
import { VGGS } from './vgg.js';

/** The encoders that are known, by `encoder_name`. */
export const ENCODERS: readonly Encoder[] = [
  ...RESNETS,
  ...VGGS,
  ...DENSENETS,
  MOBILENET_V2,
  ...EFFICIENTNETS,
  ...TIMM_EFFICIENTNETS,
  ...MITS,
  ...TU_RESNETS,
  ...TU_MOBILENETS_V3,
  ...TU_CONVNEXTS,
];

/** Names that smp itself reads as others. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^timm-(?=mobilenetv3)/, 'tu-tf_'],
  // What follows is the tag of its pre-trained weights.
  [/^(tu-[^.]*)\..*$/, '$1'],
];

/** The encoder of a name; undefined where it is not known. */
export function encoderNamed(name: string): Encoder | undefined {
  const known = RENAMED.reduce((text, [pattern, other]) => text.replace(pattern, other), name);
  return ENCODERS.find((encoder) => encoder.name === known);
}
