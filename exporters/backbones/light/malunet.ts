import { at } from '../../../graph/common/at.js';
import type { Value } from '../../../graph/ir/value.js';
import { div } from '../../../graph/ops/elementwise.js';
import { reduceSum } from '../../../graph/ops/reduce.js';
import { reshape, reshapeTo } from '../../../graph/ops/reshape.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { softmax } from '../../../graph/ops/unary.js';
import { convNd } from '../../nn/convolution.js';
import {
  activation,
  add,
  channelsOf,
  concat,
  conv2d,
  gelu,
  groupNorm,
  maxPool2d,
  mul,
  upsampleBilinear,
} from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { within } from '../../nn/within.js';
import { type Backbone, type Network, networkOf, sizeIn } from '../backbone.js';
import { quarters } from '../hadamard-attention.js';
import { bridged } from './attention-bridge.js';

/** Channels of the six encoders. */
const STANDARD = [8, 16, 24, 32, 48, 64];
/** The shallow levels have plain convolutions, those from here on attention. */
const FIRST_ATTENTION = 3;
const GROUPS = 4;
const DILATIONS = [7, 5, 2, 1];

/** Depthwise convolution, norm, and a 1x1 convolution. */
function separable(x: Value, weights: Weights, out: number, kernel: number): Value {
  const channels = channelsOf(x);
  const each = conv2d(x, weights.scope('conv1'), channels, kernel, { groups: channels });
  return conv2d(groupNorm(each, weights.scope('norm_layer'), GROUPS), weights.scope('conv2'), out, 1);
}

/** Two paths of which one weighs the other, beside x through a 1x1 convolution. */
function gatedUnit(x: Value, weights: Weights, out: number): Value {
  const channels = channelsOf(x);
  const path = (value: Value, name: string, width: number, kernel: number) =>
    separable(value, weights.scope(`${name}.0`), width, kernel);
  const gate = activation('sigmoid', path(x, 'w1', channels, 3), weights.scope('w1.1'));
  const wide = gelu(path(x, 'w2', channels, 5), weights.scope('w2.1'));
  const joined = gelu(path(mul(gate, wide), 'wo', out, 3), weights.scope('wo.1'));
  return add(joined, conv2d(x, weights.scope('cw'), out, 1));
}

/** A quarter of the channels at each of four dilations, then a gated unit. */
function dilatedAttention(x: Value, weights: Weights, out: number): Value {
  return within(weights, () => {
    const parts = quarters(x).map((part, index) => {
      const channels = channelsOf(part);
      return conv2d(part, weights.scope(`mda${index}`), channels, 3, {
        ...{ dilation: at(DILATIONS, index), groups: channels },
      });
    });
    const normalized = groupNorm(concat(parts, 1), weights.scope('norm_layer'), GROUPS);
    const mixed = gelu(conv2d(normalized, weights.scope('conv'), channelsOf(x), 1), weights.scope('conv'));
    return gatedUnit(mixed, weights.scope('gau'), out);
  });
}

const TINY = 1e-9;

/** External attention: what each place has of a learnt memory, as shares of all places and then of the memory. */
function externalAttention(x: Value, weights: Weights): Value {
  return within(weights, () => {
    const channels = channelsOf(x);
    const flat = reshape(conv2d(x, weights.scope('conv1'), channels, 1), [0, 0, -1]);
    const places = softmax(convNd(flat, weights.scope('linear_0'), 4 * channels, 1, { bias: false }), 2);
    const shares = div(places, add(reduceSum(places, [1]), TINY));
    const read = convNd(shares, weights.scope('linear_1'), channels, 1, { bias: false });
    const back = reshapeTo(read, shapeOf(x));
    const projected = conv2d(back, weights.scope('conv2'), channels, 1, { bias: false });
    const normalized = groupNorm(projected, weights.scope('norm_layer'), GROUPS);
    return gelu(add(normalized, x), weights);
  });
}

function encode(input: Value, weights: Weights, widths: readonly number[]): readonly Value[] {
  let x = input;
  return widths.map((width, level) => {
    const layers = weights.scope(`encoder${level + 1}`);
    x =
      level < FIRST_ATTENTION
        ? conv2d(x, layers.scope('0'), width, 3)
        : dilatedAttention(externalAttention(x, layers.scope('0')), layers.scope('1'), width);
    const norm = weights.scope(`ebn${level + 1}`);
    if (level < widths.length - 1) x = maxPool2d(groupNorm(x, norm, GROUPS), norm, 2);
    x = gelu(x, norm);
    return x;
  });
}

/** Twice the resolution; corners stay where they are. */
const double = (x: Value, weights: Weights) => upsampleBilinear(x, weights, 2, true);

function decode(features: readonly Value[], weights: Weights): Value {
  return features.reduceRight((x, skip, level) => {
    const step = features.length - 1 - level;
    const layers = weights.scope(`decoder${step}`);
    const out = channelsOf(skip);
    const convolved =
      level < FIRST_ATTENTION - 1
        ? conv2d(x, layers.scope('0'), out, 3)
        : externalAttention(dilatedAttention(x, layers.scope('0'), out), layers.scope('1'));
    const norm = weights.scope(`dbn${step}`);
    const normalized = groupNorm(convolved, norm, GROUPS);
    // The two deepest are of one size.
    const sized = step === 1 ? normalized : double(normalized, norm);
    return add(gelu(sized, norm), skip);
  });
}

/** MALUNet (Ruan et al., BIBM 2022) with the keys of JCruan519/MALUNet, with its attention bridge or without. */
function malunet(inputChannels: number, widths: readonly number[], shapes: Shapes): Network {
  const classes = sizeIn(shapes, 'final.weight', 0, 1);
  const split = shapes.get('scab.catt.att1.weight');
  const hasBridge = split !== undefined || !shapes.has('final.weight');
  return networkOf({
    backbone: 'malunet',
    inputChannels,
    features: (input, weights) => encode(input, weights, widths),
    own: {
      classes,
      multiple: 32,
      variant: { bridge: hasBridge ? 'yes' : 'no' },
      activation: 'sigmoid',
      logits(skips, weights) {
        const features = skips.map(({ value }) => value);
        const joined = hasBridge
          ? [
              ...bridged(features.slice(0, -1), weights.scope('scab'), split?.length === 3),
              at(features, features.length - 1),
            ]
          : features;
        return double(conv2d(decode(joined, weights), weights.scope('final'), classes, 1), weights);
      },
    },
  });
}

/** The channels of a level, of which there are whole quarters. */
function widthIn(shapes: Shapes, level: number, standard: number): number {
  const key = level < FIRST_ATTENTION ? '0.weight' : '1.gau.cw.weight';
  const width = sizeIn(shapes, `encoder${level + 1}.${key}`, 0, standard);
  return width > 0 && width % GROUPS === 0 ? width : standard;
}

const STEM = 'encoder1.0.weight';

export const MALUNet = {
  id: 'malunet',
  stems: [STEM],
  network: (shapes: Shapes) =>
    malunet(
      sizeIn(shapes, STEM, 1, 3),
      STANDARD.map((standard, level) => widthIn(shapes, level, standard)),
      shapes,
    ),
} satisfies Backbone;
