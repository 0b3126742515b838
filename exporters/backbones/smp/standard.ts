import type { Shapes } from '../../nn/weights.js';
import { Arguments } from '../arguments/arguments.js';
import { decoderArguments, depthIn } from './decoder-shapes.js';
import { UNET } from './decoders/unet.js';
import { WHOLE } from './encoders/encoder.js';
import { ownDecoder, type SmpDecoder } from './own-decoder.js';

/** `Unet` on all features of an encoder that is known otherwise; undefined where the shapes are those of another decoder of smp. */
export function standardUnet(shapes: Shapes): SmpDecoder | undefined {
  const isAnother = shapes.has('segmentation_head.0.weight') && !UNET.isIn(shapes);
  if (isAnother || (depthIn(shapes) ?? WHOLE.depth) !== WHOLE.depth) return undefined;
  const args = new Arguments({ shapes: decoderArguments(shapes) });
  return ownDecoder(UNET, args, { encoderName: '', first: 1, extent: WHOLE });
}
