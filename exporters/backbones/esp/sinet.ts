import { at } from '../../../graph/common/at.js';
import { scope, type Value } from '../../../graph/ir/value.js';
import { concat } from '../../../graph/ops/concat.js';
import { max, sub } from '../../../graph/ops/elementwise.js';
import { reshape, reshapeTo } from '../../../graph/ops/reshape.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { sliceAxis } from '../../../graph/ops/slice.js';
import { transpose } from '../../../graph/ops/transpose.js';
import { softmax } from '../../../graph/ops/unary.js';
import {
  add,
  averagePool2d,
  channelsOf,
  conv2d,
  globalAveragePool,
  linear,
  mul,
  prelu,
  upsampleBilinear,
} from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { type Backbone, networkOf, type Skip, sizeIn, valuesOf } from '../backbone.js';
import { active, bare, type Counts, chain, convActive, countsIn, merged, normed } from './layers.js';

/** Channels at a half of the size, at a quarter (two), and at an eighth. */
type Widths = readonly [number, number, number, number];

/** What an S2 module has in its two branches. */
interface Branches {
  readonly kernels: readonly [number, number];
  /** By how much each looks at a smaller feature. */
  readonly shrunk?: readonly [number, number];
}

const BRANCHES: readonly Branches[] = [
  { kernels: [3, 5] },
  { kernels: [3, 3] },
  { kernels: [3, 5] },
  { kernels: [3, 3] },
  { kernels: [5, 3], shrunk: [1, 2] },
  { kernels: [5, 3], shrunk: [2, 4] },
  { kernels: [3, 3] },
  { kernels: [5, 5] },
  { kernels: [3, 3], shrunk: [2, 4] },
  { kernels: [3, 5], shrunk: [1, 2] },
];

/** Where those at an eighth begin in the list. */
const FIRST_DEEP = 2;

/** Branches of a quarter of an eighth's size. */
const MULTIPLE = 32;

function encode(input: Value, weights: Weights, widths: Widths, counts: Counts): readonly Value[] {
  const [first, second, third, deepest] = widths;
  const level1 = convActive(input, weights.scope('level1'), first, 3, { stride: 2 });
  const start2 = squeezed(level1, weights.scope('level2_0'), second, 1);
  const level2 = modules(start2, weights.scope('level2'), counts[0], third, 0);
  const joined2 = active(concat([start2, level2], 1), weights.scope('BR2'));
  const start3 = squeezed(joined2, weights.scope('level3_0'), third, 2);
  const level3 = modules(start3, weights.scope('level3'), counts[1], deepest, FIRST_DEEP);
  return [level1, level2, active(concat([start3, level3], 1), weights.scope('BR3'))];
}

/** A separable convolution with a stride of 2, whose channels are weighed between its two parts. */
function squeezed(x: Value, weights: Weights, out: number, reduction: number): Value {
  const channels = channelsOf(x);
  const conv = weights.scope('conv');
  const strided = conv2d(x, conv.scope('0'), channels, 3, { stride: 2, groups: channels, bias: false });
  const excited = mul(excitation(strided, conv.scope('1.dense'), reduction), strided);
  return active(conv2d(excited, conv.scope('2'), out, 1, { bias: false }), weights);
}

/** A factor for each channel by the means of all; with a reduction in two steps. */
function excitation(x: Value, weights: Weights, reduction: number): Value {
  const channels = channelsOf(x);
  const widths = reduction > 1 ? [Math.floor(channels / reduction), channels] : [channels];
  return widths.reduce(
    (y, width, step) =>
      prelu(linear(y, weights.scope(String(2 * step)), width), weights.scope(String(2 * step + 1)), width),
    globalAveragePool(x),
  );
}

/** S2 modules; the first takes other channels, and nothing is added to it. */
function modules(x: Value, weights: Weights, count: number, out: number, from: number): Value {
  return chain(x, weights, count, (y, inner, index) => {
    const { kernels, shrunk = [1, 1] } = at(BRANCHES, from + index);
    const width = Math.floor(out / 2);
    const grouped = bare(y, inner.scope('c1'), width, 1, { groups: 2 });
    const reduced = scope(inner.path, () => shuffled(grouped, 2));
    const branches = kernels.map((kernel, place) =>
      squeezing(reduced, inner.scope(`d${place + 1}`), out - width, kernel, at(shrunk, place)),
    );
    return active(merged(branches, index > 0 ? y : undefined), inner.scope('BR'));
  });
}

/** Channels of all groups in turn. x [N, C, H, W] */
function shuffled(x: Value, groups: number): Value {
  const grouped = reshape(x, [0, groups, channelsOf(x) / groups, -1]);
  return reshapeTo(transpose(grouped, [0, 2, 1, 3]), shapeOf(x));
}

/** Their spatial squeeze: a separable convolution, on a smaller feature where the branch says so. */
function squeezing(x: Value, weights: Weights, out: number, kernel: number, shrunk: number): Value {
  const channels = channelsOf(x);
  const small = shrunk > 1 ? averagePool2d(x, weights.scope('down_res'), shrunk) : x;
  const conv = weights.scope('conv');
  const deep = conv2d(small, conv.scope('0'), channels, kernel, { groups: channels, bias: false });
  const point = weights.scope('act_conv1x1');
  const sloped = prelu(normed(deep, conv.scope('1')), point.scope('0'), channels);
  const convolved = conv2d(sloped, point.scope('1'), out, 1, { bias: false });
  const large = shrunk > 1 ? upsampleBilinear(convolved, weights.scope('up_res'), shrunk, true) : convolved;
  return normed(large, weights.scope('bn'));
}

/** The largest of all channels, [N, 1, H, W]. */
function largest(x: Value): Value {
  const channels = Array.from({ length: channelsOf(x) }, (_, place) => sliceAxis(x, 1, place, place + 1));
  return channels.reduce((a, b) => max(a, b));
}

/** What a quarter of the size shows is added where an eighth leaves the classes open. */
function decode(skips: readonly Skip[], weights: Weights, classes: number): Value {
  const [quarter, eighth] = valuesOf(skips).slice(-2) as [Value, Value];
  const double = (x: Value, name: string) => upsampleBilinear(x, weights.scope(name), 2, true);
  const coarse = bare(eighth, weights.scope('encoder').scope('classifier'), classes, 1);
  const stage1 = normed(double(coarse, 'up'), weights.scope('bn_3'));
  const open = scope('stage1_gate', () => sub(1, largest(softmax(stage1, 1))));
  const fine = convActive(quarter, weights.scope('level2_C'), classes, 1);
  const stage2 = normed(double(add(mul(fine, open), stage1), 'up'), weights.scope('bn_2'));
  return conv2d(double(stage2, 'classifier.0'), weights.scope('classifier').scope('1'), classes, 3, {
    bias: false,
  });
}

/** SINet (Park et al., WACV 2020) with the keys of clovaai/ext_portrait_segmentation. */
export const SINet = {
  id: 'sinet',
  stems: ['encoder.level2_0.conv.1.dense.0.weight'],
  network(shapes: Shapes) {
    const deep = BRANCHES.length - FIRST_DEEP;
    const widths: Widths = [
      sizeIn(shapes, 'encoder.level1.conv.weight', 0, 12),
      sizeIn(shapes, 'encoder.level2_0.bn.weight', 0, 16),
      sizeIn(shapes, 'encoder.level2.0.BR.bn.weight', 0, 48),
      sizeIn(shapes, 'encoder.level3.0.BR.bn.weight', 0, 96),
    ];
    const [level2, level3] = countsIn(shapes, [FIRST_DEEP, deep]);
    const counts = [Math.min(level2, BRANCHES.length), Math.min(level3, deep)] as const;
    const classes = sizeIn(shapes, 'level2_C.conv.weight', 0, 2);
    return networkOf({
      backbone: 'sinet',
      inputChannels: 3,
      multiple: MULTIPLE,
      features: (input, weights) => encode(input, weights.scope('encoder'), widths, counts),
      own: { classes, multiple: MULTIPLE, logits: (skips, weights) => decode(skips, weights, classes) },
      // The classes that the encoder alone was trained on.
      ignoredPrefixes: ['encoder.classifier.'],
    });
  },
} satisfies Backbone;
