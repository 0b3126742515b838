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
