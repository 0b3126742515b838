import { conv } from '../../graph/ops/conv.js';
import { mul } from '../../graph/ops/elementwise.js';
import { gather, sliceAxis } from '../../graph/ops/layout.js';
import { resizeLinearTo } from '../../graph/ops/resize.js';
import { concat, shapeOf } from '../../graph/ops/shapes.js';
import { int64Tensor } from '../../graph/tensor.js';
import { constant, scope, type Value } from '../../graph/value.js';
import { activation, channelsOf, conv2d, layerNorm2d } from '../layers.js';
import type { Weights } from '../weights.js';

/** The learnt maps and lines have this many points along an axis. */
const POINTS = 8;
const EPSILON = 1e-6;

/** Four equal parts of the channels. */
export function quarters(x: Value): readonly [Value, Value, Value, Value] {
  const size = channelsOf(x) / 4;
  const part = (at: number) => sliceAxis(x, 1, at * size, (at + 1) * size);
  return [part(0), part(1), part(2), part(3)];
}

/**
 * EGE-UNet's grouped multi-axis Hadamard product attention: a quarter of the channels is multiplied by a learnt map, one by a
 * learnt line along the height, one by one along the width, and one is convolved. x [N, C, H, W] -> [N, out, H, W].
 */
export function hadamardAttention(x: Value, weights: Weights, out: number): Value {
  const at = (name: string) => weights.scope(name);
  const [map, rows, columns, rest] = quarters(layerNorm2d(x, at('norm1'), EPSILON));
  const parts = [
    scope(weights.path, () => mul(map, factor(map, weights, 'xy'))),
    scope(weights.path, () => mul(rows, factor(rows, weights, 'zx'))),
    scope(weights.path, () => mul(columns, factor(columns, weights, 'zy'))),
    depthwise(gelu(pointwise(rest, at('dw.0'), channelsOf(rest)), at('dw.1')), at('dw.2')),
  ];
  const joined = layerNorm2d(
    scope(weights.path, () => concat(parts, 1)),
    at('norm2'),
    EPSILON,
  );
  return pointwise(gelu(depthwise(joined, at('ldw.0')), at('ldw.1')), at('ldw.2'), out);
}

const gelu = (x: Value, weights: Weights) => activation('gelu', x, weights);

const pointwise = (x: Value, weights: Weights, out: number) => conv2d(x, weights, out, 1);

const depthwise = (x: Value, weights: Weights) =>
  conv2d(x, weights, channelsOf(x), 3, { groups: channelsOf(x) });

/** What the learnt points of each kind are: their key's shape, theirs as an image, and which axes they are stretched along. */
const KINDS = {
  xy: { stored: (channels: number) => [1, channels, POINTS, POINTS], axes: [true, true] },
  zx: { stored: (channels: number) => [1, 1, channels, POINTS], axes: [true, false] },
  zy: { stored: (channels: number) => [1, 1, channels, POINTS], axes: [false, true] },
} as const;

/** The factor of x [N, C, H, W]: learnt points stretched to [1, C, H, W], [1, C, H, 1] or [1, C, 1, W], and convolved. */
function factor(x: Value, weights: Weights, kind: keyof typeof KINDS): Value {
  const { stored, axes } = KINDS[kind];
  const channels = channelsOf(x);
  const along = (size: number) => axes.map((is) => (is ? size : 1));
  const points = weights.take(`params_${kind}`, stored(channels), [1, channels, ...along(POINTS)]);
  const fixed = (...sizes: number[]) => constant(int64Tensor([sizes.length], sizes));
  const sizes = axes.map((is, axis) => (is ? gather(shapeOf(x), [axis + 2]) : fixed(1)));
  const stretched = resizeLinearTo(points, concat([fixed(1, channels), ...sizes], 0), 'align_corners');
  /** The kernel of a line lies along it. */
  const convolve = (value: Value, layer: Weights, size: number, groups: number) =>
    scope(layer.path, () => {
      const perGroup = channels / groups;
      const key = axes.filter((is) => is).map(() => size);
      const kernel = along(size);
      return conv(
        value,
        layer.take('weight', [channels, perGroup, ...key], [channels, perGroup, ...kernel]),
        layer.take('bias', [channels]),
        { pads: [...kernel, ...kernel].map((side) => (side - 1) / 2), group: groups },
      );
    });
  const layers = weights.scope(`conv_${kind}`);
  const smooth = gelu(convolve(stretched, layers.scope('0'), 3, channels), layers.scope('1'));
  return convolve(smooth, layers.scope('2'), 1, 1);
}
