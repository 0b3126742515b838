import type { Value } from '../../../../graph/ir/value.js';
import { resizeCubic } from '../../../../graph/ops/resize.js';
import { upsampleBilinear, upsampleNearest } from '../../../nn/layers.js';
import type { Shapes, Weights } from '../../../nn/weights.js';
import { within } from '../../../nn/within.js';
import type { Arguments } from '../../arguments/arguments.js';
import type { NamedArguments } from '../../backbone.js';
import { STANDARD_CHANNELS } from '../decoder-shapes.js';
import type { Encoder, Extent } from '../encoders/encoder.js';

/** What a decoder takes: at index i what is at a stride of 2^i, the image or what is as large first; undefined where there is nothing. */
export type Levels = readonly (Value | undefined)[];

/** A decoder with nothing left open. */
export interface Decoder {
  /** Of the convolution that ends in classes; default 3. */
  readonly headKernel?: 1;
  /** By how much the classes are enlarged; default 1. */
  readonly upsampling?: number;
  /** Beginnings of keys, below `decoder.`, that its checkpoints hold and that are not used. */
  readonly unused?: readonly string[];
  /** What the classes are made of. Weights are those below `decoder.`. */
  decode(levels: Levels, weights: Weights): Value;
}

/** What a decoder is made for. */
export interface Beneath {
  readonly encoderName: string;
  /** As of the encoder. */
  readonly first: Encoder['first'];
  readonly extent: Extent;
}

/** A class of segmentation_models.pytorch. */
export interface Architecture {
  readonly className: string;
  /** Whether shapes are those of its decoder. */
  isIn(shapes: Shapes): boolean;
  /** What shapes tell of its arguments, beside those of blocks and heads. */
  inferred?(shapes: Shapes): NamedArguments;
  /** `encoder_depth` from here on. */
  readonly leastDepth?: number;
  /** Why it does not go with an encoder; undefined where it does. */
  refusal?(encoder: Encoder): string | undefined;
  /** The stride from which the encoder dilates; default 32. */
  outputStride?(args: Arguments): number;
  /** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for arguments that it has not */
  decoder(args: Arguments, beneath: Beneath): Decoder;
}

/** `decoder_interpolation`: enlarging by a whole factor, `nearest-exact` and `area` repeat pixels as `nearest` does. */
export const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic', 'nearest-exact', 'area'] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** Doubled. x [N, C, H, W] -> [N, C, 2 H, 2 W]. */
export function doubled(x: Value, weights: Weights, mode: Interpolation): Value {
  if (mode === 'bicubic') return within(weights, () => resizeCubic(x, [2, 2]));
  return mode === 'bilinear' ? upsampleBilinear(x, weights, 2) : upsampleNearest(x, weights, 2);
}

export const interpolationOf = (args: Arguments): Interpolation =>
  args.word('decoder_interpolation', 'nearest', INTERPOLATIONS);

/** `decoder_channels`, deep to shallow, one a level. */
export const channelsOfLevels = (args: Arguments, { depth }: Extent): readonly number[] =>
  args.wholes('decoder_channels', STANDARD_CHANNELS, depth, 'one for each level of encoder_depth');

/** `upsampling`, of classes at a quarter of the image's resolution. */
export const upsamplingOf = (args: Arguments): number => args.whole('upsampling', 4, 1, 64);

/** The deepest level, which is always there. */
export function deepest(levels: Levels): Value {
  const last = levels.at(-1);
  if (last === undefined) throw new TypeError('an encoder without features');
  return last;
}
