import { at } from '../../../graph/common/at.js';
import type { Shapes } from '../../nn/weights.js';
import { Arguments } from '../arguments/arguments.js';
import { type OwnDecoder, type Skip, valuesOf } from '../backbone.js';
import { decoderArguments, depthIn } from './decoder-shapes.js';
import type { Architecture, Beneath, Levels } from './decoders/decoder.js';
import { UNET } from './decoders/unet.js';
import { WHOLE } from './encoders/encoder.js';
import { activationOf, classification, classificationOf, segmentation } from './heads.js';

/** A decoder of smp with its heads. */
export interface SmpDecoder extends OwnDecoder {
  /** Beginnings of keys that its checkpoints hold and that are not used. */
  readonly unused: readonly string[];
}

/** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for arguments that there cannot be */
export function ownDecoder(architecture: Architecture, args: Arguments, beneath: Beneath): SmpDecoder {
  const { depth, outputStride } = beneath.extent;
  const decoder = architecture.decoder(args, beneath);
  const classes = args.whole('classes', 1, 0);
  const activation = activationOf(args);
  const labels = classificationOf(args);
  return {
    classes,
    multiple: Math.min(2 ** depth, outputStride),
    ...(activation && { activation }),
    unused: (decoder.unused ?? []).map((key) => `decoder.${key}`),
    logits(skips, weights, image) {
      const values = valuesOf(skips);
      // What is as large as the image is the image, or a feature in place of it.
      const gap = Math.log2(at(at(skips, 0).scale, 0));
      const levels: Levels =
        gap === 0 ? values : [image, ...Array<undefined>(gap - 1).fill(undefined), ...values];
      return segmentation(decoder.decode(levels, weights.scope('decoder')), weights, classes, decoder);
    },
    ...(labels && {
      label: (skips: readonly Skip[], weights) =>
        classification(at(skips, skips.length - 1).value, weights, labels),
    }),
  };
}

/** `Unet` on all features of an encoder that is known otherwise; undefined where the shapes are those of another decoder of smp. */
export function standardUnet(shapes: Shapes): SmpDecoder | undefined {
  const isAnother = shapes.has('segmentation_head.0.weight') && !UNET.isIn(shapes);
  if (isAnother || (depthIn(shapes) ?? WHOLE.depth) !== WHOLE.depth) return undefined;
  const args = new Arguments({ shapes: decoderArguments(shapes) });
  return ownDecoder(UNET, args, { encoderName: '', first: 1, extent: WHOLE });
}
