import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { AttentionUNet } from './attention-unet.js';
import type { Backbone, Extras, Library, NamedArguments } from './backbone.js';
import { ConvNeXtTiny } from './convnext.js';
import { EfficientNetB0 } from './efficientnet.js';
import { EgeUNet } from './egeunet.js';
import { ExtremeC3 } from './esp/extremec3.js';
import { SINet } from './esp/sinet.js';
import { TwinLiteNet } from './esp/twinlitenet.js';
import { MALUNet } from './light/malunet.js';
import { UNeXt } from './light/unext.js';
import { MobileNetV2 } from './mobilenet-v2.js';
import { MOBILENETS_V3 } from './mobilenet-v3.js';
import { MONAI } from './monai/family.js';
import { NNUNET } from './nnunet/family.js';
import { PLAIN_FAMILIES } from './plain/families.js';
import { withNamesOfToday } from './renamed.js';
import { RESNETS } from './resnet.js';
import { RITnet } from './ritnet.js';
import { SMP, SMP_LIBRARY } from './smp/family.js';
import { UNet } from './unet.js';
import { UNetPlusPlus } from './unetplusplus.js';
import { UsuyamaResNet18 } from './usuyama-resnet.js';

/** Every network that is known by its keys. A checkpoint is that of the one which explains the most of them. */
export const BACKBONES: readonly Backbone[] = [
  UNet,
  AttentionUNet,
  UNetPlusPlus,
  ...PLAIN_FAMILIES,
  UsuyamaResNet18,
  EgeUNet,
  MALUNet,
  UNeXt,
  RITnet,
  TwinLiteNet,
  SINet,
  ExtremeC3,
  ...RESNETS,
  MobileNetV2,
  ...MOBILENETS_V3,
  EfficientNetB0,
  ConvNeXtTiny,
];

/** Networks that are put together by arguments: what stands beside a checkpoint says which, a user, or else the keys. */
export const FAMILIES: readonly Backbone[] = [...SMP, ...MONAI, ...NNUNET];

/** Whose networks are told from others by a key, also those that are not known. */
export const LIBRARIES: readonly Library[] = [SMP_LIBRARY];

/** The network that is said by what stands beside a checkpoint's weights. @throws NmodeError (BAD_CHECKPOINT) for what cannot be */
export const saidBy = (extras: Extras): Backbone | undefined =>
  FAMILIES.find(({ matches }) => matches?.(new Map(), extras));

const NAMED: readonly Backbone[] = [...BACKBONES, ...FAMILIES];

export const BACKBONE_IDS = NAMED.map(({ id }) => id);

/**
 * A backbone by its name, or one of your own.
 * @param args what the class of its network was called with, where it takes something
 * @throws NmodeError (BAD_USAGE)
 */
export function backboneOf(given: string | Backbone, args?: NamedArguments): Backbone {
  const backbone = known(given);
  if (args === undefined) return backbone;
  if (backbone.takesArguments) {
    return { ...backbone, network: (shapes, extras) => backbone.network(shapes, extras, args) };
  }
  throw badUsage(
    `${option('backboneArguments')} does not apply to ${backbone.id}: ${FAMILIES.map(({ id }) => id).join(', ')} take arguments`,
  );
}

function known(given: string | Backbone): Backbone {
  if (typeof given !== 'string') {
    if (typeof given?.network === 'function') return withNamesOfToday(given);
    throw badUsage('the backbone is neither a name nor what defineBackbone returns');
  }
  const backbone = NAMED.find(({ id }) => id === given);
  if (backbone === undefined) {
    throw badUsage(`no backbone '${given}': there are ${BACKBONE_IDS.join(', ')}`);
  }
  return backbone;
}
