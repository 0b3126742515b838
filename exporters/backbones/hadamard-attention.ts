import { int64Tensor } from '../../graph/ir/tensor.js';
import { constant, scope, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { conv } from '../../graph/ops/conv.js';
import { mul } from '../../graph/ops/elementwise.js';
import { gather } from '../../graph/ops/gather.js';
import { resizeLinearTo } from '../../graph/ops/resize.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { sliceAxis } from '../../graph/ops/slice.js';
import { padded } from '../nn/convolution.js';
import { channelsOf, conv2d, gelu, layerNorm2d } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';

/** The learnt maps and lines have this many points along an axis. */
const POINTS = 8;
const EPSILON = 1e-6;

/**
 * EGE-UNet's grouped multi-axis Hadamard product attention: a quarter of the channels is multiplied by a learnt map, one by a
 * learnt line along the height, one by one along the width, and one is convolved. x [N, C, H, W] -> [N, out, H, W].
 */
export function hadamardAttention(x: Value, weights: Weights, out: number): Value {
  const at = (name: string) => weights.scope(name);
  const [map, rows, columns, rest] = quarters(layerNorm2d(x, at('norm1'), EPSILON));
  const parts = [
    weighed(map, weights, 'xy'),
    weighed(rows, weights, 'zx'),
    weighed(columns, weights, 'zy'),
    depthwise(gelu(pointwise(rest, at('dw.0'), channelsOf(rest)), at('dw.1')), at('dw.2')),
  ];
  const joined = layerNorm2d(
    scope(weights.path, () => concat(parts, 1)),
    at('norm2'),
    EPSILON,
  );
  return pointwise(gelu(depthwise(joined, at('ldw.0')), at('ldw.1')), at('ldw.2'), out);
}

/** Four equal parts of the channels. */
export function quarters(x: Value): readonly [Value, Value, Value, Value] {
  const size = channelsOf(x) / 4;
  const part = (at: number) => sliceAxis(x, 1, at * size, (at + 1) * size);
  return [part(0), part(1), part(2), part(3)];
}

const pointwise = (x: Value, weights: Weights, out: number) => conv2d(x, weights, out, 1);

const depthwise = (x: Value, weights: Weights) =>
  conv2d(x, weights, channelsOf(x), 3, { groups: channelsOf(x) });

/** A factor's kind by its key: how many of its points and of its kernel's weights there are along height and width. */
const EXTENTS = {
  xy: (size) => [size, size],
  zx: (size) => [size, 1],
  zy: (size) => [1, size],
} as const satisfies Record<string, (size: number) => readonly [height: number, width: number]>;
type Kind = keyof typeof EXTENTS;

/** x times its factor: learnt points stretched to [1, C, H, W], [1, C, H, 1] or [1, C, 1, W], and convolved. */
function weighed(x: Value, weights: Weights, kind: Kind): Value {
  const channels = channelsOf(x);
  return scope(weights.path, () => {
    const stored = kind === 'xy' ? [1, channels, POINTS, POINTS] : [1, 1, channels, POINTS];
    const points = weights.take(`params_${kind}`, stored, [1, channels, ...EXTENTS[kind](POINTS)]);
    const stretched = resizeLinearTo(points, sizesOf(x, kind), 'align_corners');
    const layers = weights.scope(`conv_${kind}`);
    const smooth = gelu(convolve(stretched, layers.scope('0'), kind, 3, channels), layers.scope('1'));
    return mul(x, convolve(smooth, layers.scope('2'), kind, 1, 1));
  });
}

/** int64 [4]: the sizes of x's factor. */
function sizesOf(x: Value, kind: Kind): Value {
  const fixed = (...sizes: number[]) => constant(int64Tensor([sizes.length], sizes));
  const space = EXTENTS[kind](0).map((size, axis) =>
    size === 1 ? fixed(1) : gather(shapeOf(x), [axis + 2]),
  );
  return concat([fixed(1, channelsOf(x)), ...space], 0);
}

/** torch.nn.Conv2d, or torch.nn.Conv1d along the line that a factor is; it keeps channels and sizes. */
function convolve(x: Value, weights: Weights, kind: Kind, size: number, groups: number): Value {
  const channels = channelsOf(x);
  const kernel = EXTENTS[kind](size);
  const [height, width] = kernel;
  const stored = kind === 'xy' ? kernel : [size];
  return scope(weights.path, () => {
    const { taken, pads } = padded(x, weights, [(height - 1) / 2, (width - 1) / 2]);
    return conv(
      taken,
      weights.take(
        'weight',
        [channels, channels / groups, ...stored],
        [channels, channels / groups, ...kernel],
      ),
      weights.take('bias', [channels]),
      { pads, group: groups },
    );
  });
}
