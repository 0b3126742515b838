import type { Value } from '../../../../graph/ir/value.js';
import type { Normalization } from '../../../../graph/recipe/normalization.js';
import type { Weights } from '../../../nn/weights.js';

/** How much of an encoder is used. */
export interface Extent {
  /** How often it halves the image: its last feature is at a stride of 2^depth, or of `outputStride` where that is less. */
  readonly depth: number;
  /** From here on it dilates in place of striding. */
  readonly outputStride: number;
}

/** An encoder of segmentation_models.pytorch. */
export interface Encoder {
  /** `encoder_name`. */
  readonly name: string;
  /** The key of its first convolution's weight, [out, in, k, k], below `encoder.`. */
  readonly stem: string;
  /** log2 of the stride of its first feature: 1, 2 where it begins with patches of 4 x 4, 0 where it has one as large as the image. */
  readonly first: 0 | 1 | 2;
  /** The least `encoder_depth` that it has; default 1. The largest is 5. */
  readonly leastDepth?: number;
  /** Why it cannot keep a resolution, in a sentence; none where it dilates. */
  readonly undilated?: string;
  /** Beginnings of keys that it holds below `encoder.` and no feature depends on. */
  readonly unused?: readonly string[];
  /** How the images of its pre-trained weights were prepared, by `encoder_weights`; default ImageNet's mean and standard deviation. */
  normalization?(pretrained: unknown): Normalization;
  /** Its features from 2^first on, shallow to deep. */
  features(input: Value, weights: Weights, extent: Extent): readonly Value[];
}

/** Encoders that differ in their sizes alone, by name. */
export const encodersOf = <Sizes>(
  sizesByName: Readonly<Record<string, Sizes>>,
  shared: Omit<Encoder, 'name' | 'features'>,
  features: (sizes: Sizes, input: Value, weights: Weights, extent: Extent) => readonly Value[],
): readonly Encoder[] =>
  Object.entries(sizesByName).map(([name, sizes]) => ({
    ...{ name, ...shared },
    features: (input, weights, extent) => features(sizes, input, weights, extent),
  }));

/** An encoder of timm as smp calls it, with timm's keys below `model.`. */
export function tu(encoder: Encoder): Encoder {
  return {
    ...encoder,
    name: `tu-${encoder.name}`,
    stem: `model.${encoder.stem}`,
    unused: (encoder.unused ?? []).map((key) => `model.${key}`),
    features: (input, weights, extent) => encoder.features(input, weights.scope('model'), extent),
  };
}

/** All of an encoder. */
export const WHOLE: Extent = { depth: 5, outputStride: 32 };

/**
 * How the convolutions of a stage step, where the stage was made for a stride: smp gives those beyond the output stride no
 * stride, and a dilation in place of it.
 */
export function stepOf(
  stride: number,
  { outputStride }: Extent,
  own = 2,
): { stride: number; dilation: number } {
  const dilation = Math.max(1, stride / outputStride);
  return { stride: dilation > 1 ? 1 : own, dilation };
}
