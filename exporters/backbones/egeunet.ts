import { at } from '../../graph/common/at.js';
import { int64List, scope, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { conv } from '../../graph/ops/conv.js';
import { mul } from '../../graph/ops/elementwise.js';
import { gather } from '../../graph/ops/gather.js';
import { resizeLinearTo } from '../../graph/ops/resize.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { sliceAxis } from '../../graph/ops/slice.js';
import { padded } from '../nn/convolution.js';
import {
  add,
  channelsOf,
  conv2d,
  gelu,
  groupNorm,
  layerNorm2d,
  maxPool2d,
  module,
  upsampleBilinear,
} from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, networkOf, type Skip, sizeIn, valuesOf } from './backbone.js';
import { descend } from './contracting.js';

/** Channels of the six encoders. */
const STANDARD = [8, 16, 24, 32, 48, 64];

/** The shallow levels have plain convolutions, those from here on attention. */
const FIRST_ATTENTION = 3;
export const GROUPS = 4;
const EPSILON = 1e-6;

/** The dilations of a bridge's groups. */
const DILATIONS = [1, 2, 5, 7];

/** Twice the resolution; corners stay where they are. */
export const double = (x: Value, weights: Weights) => upsampleBilinear(x, weights, 2, true);

/** What a network has at its deep levels. @param weights of a Sequential */
type Attention = (x: Value, weights: Weights, out: number) => Value;

/** The layer between levels, below a Sequential. */
export function layer(x: Value, weights: Weights, level: number, out: number, attention: Attention): Value {
  return level < FIRST_ATTENTION ? conv2d(x, weights.scope('0'), out, 3) : attention(x, weights, out);
}

/** The way down of EGE-UNet and of MALUNet: every level but the last is normalised and pooled. */
export const encode = (input: Value, weights: Weights, widths: readonly number[], attention: Attention) =>
  descend(input, widths, (x, width, level) => {
    const y = layer(x, weights.scope(`encoder${level + 1}`), level, width, attention);
    const norm = weights.scope(`ebn${level + 1}`);
    return gelu(level < widths.length - 1 ? maxPool2d(groupNorm(y, norm, GROUPS), norm, 2) : y, norm);
  });

/** The channels of its levels, of which there are whole quarters. @param last what gives them in a Sequential with attention */
export const widthsIn = (shapes: Shapes, last: string): readonly number[] =>
  STANDARD.map((standard, level) => {
    const name = level < FIRST_ATTENTION ? '0' : last;
    const width = sizeIn(shapes, `encoder${level + 1}.${name}.weight`, 0, standard);
    return width > 0 && width % GROUPS === 0 ? width : standard;
  });

/** From level to level: convolve, normalise and double; a mask of that goes into the bridge, which is added. */
function decode(skips: readonly Skip[], weights: Weights): Value {
  const [deepest, ...levels] = valuesOf(skips).toReversed() as [Value, ...Value[]];
  let [x, bridged] = [deepest, deepest];
  for (const [step, skip] of levels.entries()) {
    const level = levels.length - step;
    // The two deepest are of one size.
    const toSkip = (value: Value) => (step === 0 ? value : double(value, weights));
    const width = channelsOf(skip);
    const norm = weights.scope(`dbn${step + 1}`);
    const convolved = layer(x, weights.scope(`decoder${step + 1}`), level, width, hadamardAttention);
    x = groupNorm(convolved, norm, GROUPS);
    x = gelu(toSkip(x), norm);
    const mask = conv2d(x, weights.scope(`gt_conv${step + 1}.0`), 1, 1);
    bridged = module(weights, `GAB${level}`, (bridge) =>
      aggregate(toSkip(conv2d(bridged, bridge.scope('pre_project'), width, 1)), skip, mask, bridge),
    );
    x = add(x, bridged);
  }
  return x;
}

/** A group aggregation bridge: quarters of the deeper and the shallower feature, each pair with the mask. */
function aggregate(deep: Value, shallow: Value, mask: Value, weights: Weights): Value {
  const [fromDeep, fromShallow] = [quarters(deep), quarters(shallow)];
  const groups = DILATIONS.map((dilation, index) => {
    const group = weights.scope(`g${index}`);
    const parts = concat([at(fromDeep, index), at(fromShallow, index), mask], 1);
    const joined = layerNorm2d(parts, group.scope('0'), EPSILON);
    const channels = channelsOf(joined);
    return conv2d(joined, group.scope('1'), channels, 3, { dilation, groups: channels });
  });
  const tail = weights.scope('tail_conv');
  const normalized = layerNorm2d(concat(groups, 1), tail.scope('0'), EPSILON);
  return pointwise(normalized, tail.scope('1'), channelsOf(shallow));
}

/** The learnt maps and lines have this many points along an axis. */
const POINTS = 8;

/**
 * EGE-UNet's grouped multi-axis Hadamard product attention: a quarter of the channels is multiplied by a learnt map, one by a
 * learnt line along the height, one by one along the width, and one is convolved. x [N, C, H, W] -> [N, out, H, W].
 */
function hadamardAttention(x: Value, sequential: Weights, out: number): Value {
  const weights = sequential.scope('0');
  const inner = (name: string) => weights.scope(name);
  const [map, rows, columns, rest] = quarters(layerNorm2d(x, inner('norm1'), EPSILON));
  const parts = [
    weighed(map, weights, 'xy'),
    weighed(rows, weights, 'zx'),
    weighed(columns, weights, 'zy'),
    depthwise(gelu(pointwise(rest, inner('dw.0'), channelsOf(rest)), inner('dw.1')), inner('dw.2')),
  ];
  const joined = scope(weights.path, () => concat(parts, 1));
  const normalized = layerNorm2d(joined, inner('norm2'), EPSILON);
  return pointwise(gelu(depthwise(normalized, inner('ldw.0')), inner('ldw.1')), inner('ldw.2'), out);
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
  const space = EXTENTS[kind](0).map((size, axis) =>
    size === 1 ? int64List([1]) : gather(shapeOf(x), [axis + 2]),
  );
  return concat([int64List([1, channelsOf(x)]), ...space], 0);
}

/** torch.nn.Conv2d, or torch.nn.Conv1d along the line that a factor is; it keeps channels and sizes. */
function convolve(x: Value, weights: Weights, kind: Kind, size: number, groups: number): Value {
  const channels = channelsOf(x);
  const kernel = EXTENTS[kind](size);
  const [height, width] = kernel;
  const stored = kind === 'xy' ? kernel : [size];
  const filters = [channels, channels / groups];
  return scope(weights.path, () => {
    const { taken, pads } = padded(x, weights, [(height - 1) / 2, (width - 1) / 2]);
    const weight = weights.take('weight', [...filters, ...stored], [...filters, ...kernel]);
    return conv(taken, weight, weights.take('bias', [channels]), { pads, group: groups });
  });
}

const STEM = 'encoder1.0.weight';

/**
 * EGE-UNet (Ruan et al., MICCAI 2023) with the keys of JCruan519/EGE-UNet. Its skips are what it calls t1 to t6, the last two
 * of one size.
 */
export const EgeUNet = {
  id: 'egeunet',
  stems: [STEM],
  network(shapes: Shapes) {
    const widths = widthsIn(shapes, '0.ldw.2');
    const classes = sizeIn(shapes, 'final.weight', 0, 1);
    return networkOf({
      backbone: 'egeunet',
      inputChannels: sizeIn(shapes, STEM, 1, 3),
      features: (input, weights) => encode(input, weights, widths, hadamardAttention),
      own: {
        classes,
        multiple: 32,
        activation: 'sigmoid',
        logits: (skips, weights) =>
          double(conv2d(decode(skips, weights), weights.scope('final'), classes, 1), weights),
      },
    });
  },
} satisfies Backbone;
