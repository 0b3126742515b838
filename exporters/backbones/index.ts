import { NmodeError } from '../../graph/common/errors.js';
import { AttentionUNet } from './attention-unet.js';
import type { Backbone } from './backbone.js';
import { ConvNeXtTiny } from './convnext.js';
import { EfficientNetB0 } from './efficientnet.js';
import { EgeUNet } from './egeunet.js';
import { ExtremeC3 } from './esp/extremec3.js';
import { SINet } from './esp/sinet.js';
import { TwinLiteNet } from './esp/twinlitenet.js';
import { MobileNetV2 } from './mobilenet-v2.js';
import { MOBILENETS_V3 } from './mobilenet-v3.js';
import { PLAIN_FAMILIES } from './plain/families.js';
import { withNamesOfToday } from './renamed.js';
import { RESNETS } from './resnet.js';
import { RITnet } from './ritnet.js';
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

export const BACKBONE_IDS = BACKBONES.map(({ id }) => id);

/** A backbone by its name, or one of your own. @throws NmodeError (BAD_USAGE) */
export function backboneOf(given: string | Backbone): Backbone {
  if (typeof given !== 'string') {
    if (typeof given?.network === 'function') return withNamesOfToday(given);
    throw new NmodeError('BAD_USAGE', 'the backbone is neither a name nor what defineBackbone returns');
  }
  const backbone = BACKBONES.find((known) => known.id === given);
  if (backbone === undefined) {
    throw new NmodeError('BAD_USAGE', `no backbone '${given}': there are ${BACKBONE_IDS.join(', ')}`);
  }
  return backbone;
}
