import { int64List, type Value } from '../../../graph/ir/value.js';
import { depthToSpace } from '../../../graph/ops/depth-to-space.js';
import { gather } from '../../../graph/ops/gather.js';
import { pad } from '../../../graph/ops/pad.js';
import { averagePool } from '../../../graph/ops/pool.js';
import { reshapeTo } from '../../../graph/ops/reshape.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { transpose } from '../../../graph/ops/transpose.js';
import { convNd, convTransposeNd } from '../../nn/convolution.js';
import { channelsOf, concat, mul, upsampleBilinear } from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { within } from '../../nn/within.js';

export const UPSAMPLE_MODES = ['deconv', 'deconvgroup', 'nontrainable', 'pixelshuffle'] as const;
export type UpsampleMode = (typeof UPSAMPLE_MODES)[number];

/** The mode by the keys of what enlarges; undefined where it has none of one. */
export const modeIn = (shapes: Shapes, path: string): UpsampleMode | undefined =>
  UPSAMPLE_MODES.find((mode) => [...shapes.keys()].some((key) => key.startsWith(`${path}.${mode}.`)));

/** Twice the size. x [N, C, ...space] -> [N, out, ...2 space]. */
export function upsampled(
  x: Value,
  weights: Weights,
  out: number,
  mode: UpsampleMode,
  alignCorners: boolean,
): Value {
  const channels = channelsOf(x);
  const inner = weights.scope(mode);
  switch (mode) {
    case 'deconv':
      return convTransposeNd(x, inner, out, 2, { stride: 2 });
    case 'deconvgroup':
      return convTransposeNd(x, inner, out, 2, { stride: 2, groups: channels % out === 0 ? out : 1 });
    case 'pixelshuffle': {
      const wide = convNd(x, inner.scope('conv_block'), out * 2 ** (x.shape.length - 2), 3);
      return within(inner, () => smoothed(shuffled(wide, out)));
    }
    case 'nontrainable': {
      const projected = channels === out ? x : convNd(x, weights.scope('preconv'), out, 1);
      return upsampleBilinear(projected, weights.scope('upsample_non_trainable'), 2, alignCorners);
    }
  }
}

/** The factors of the axes, behind the channels, go between the places. x [N, out 2^axes, ...space] -> [N, out, ...2 space]. */
function shuffled(x: Value, out: number): Value {
  const axes = x.shape.length - 2;
  if (axes === 2) return depthToSpace(x, 2);
  const space = Array.from({ length: axes }, (_, axis) => axis + 2);
  const shape = shapeOf(x);
  const [batch, sizes] = [gather(shape, [0]), gather(shape, space)];
  const split = reshapeTo(x, concat([batch, int64List([out, ...space.map(() => 2)]), sizes], 0));
  const beside = transpose(split, [0, 1, ...space.flatMap((axis) => [axis + axes, axis])]);
  return reshapeTo(beside, concat([batch, int64List([out]), mul(sizes, 2)], 0));
}

/** The mean of each place and those before it, zeros before the first. */
function smoothed(x: Value): Value {
  const axes = x.shape.length - 2;
  const [none, one] = [Array(axes + 2).fill(0), [0, 0, ...Array(axes).fill(1)]];
  const padded = pad(x, int64List([...one, ...none]));
  return averagePool(padded, Array(axes).fill(2), { strides: Array(axes).fill(1) });
}
