import { at } from '../../../graph/common/at.js';
import { int64List, type Value } from '../../../graph/ir/value.js';
import { div } from '../../../graph/ops/elementwise.js';
import { gather } from '../../../graph/ops/gather.js';
import { maxPool } from '../../../graph/ops/pool.js';
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
  globalAveragePool,
  groupNorm,
  linear,
  module,
  mul,
} from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { within } from '../../nn/within.js';
import { type Backbone, networkOf, sizeIn, valuesOf } from '../backbone.js';
import { double, encode, GROUPS, layer, quarters, widthsIn } from '../egeunet.js';

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
      const options = { dilation: at(DILATIONS, index), groups: channels };
      return conv2d(part, weights.scope(`mda${index}`), channels, 3, options);
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

const attendDown = (x: Value, weights: Weights, out: number) =>
  dilatedAttention(externalAttention(x, weights.scope('0')), weights.scope('1'), out);

const attendUp = (x: Value, weights: Weights, out: number) =>
  externalAttention(dilatedAttention(x, weights.scope('0'), out), weights.scope('1'));

function decode(features: readonly Value[], weights: Weights): Value {
  return features.reduceRight((x, skip, level) => {
    const step = features.length - 1 - level;
    const layers = weights.scope(`decoder${step}`);
    const out = channelsOf(skip);
    const norm = weights.scope(`dbn${step}`);
    const normalized = groupNorm(layer(x, layers, level + 1, out, attendUp), norm, GROUPS);
    // The two deepest are of one size.
    const sized = step === 1 ? normalized : double(normalized, norm);
    return add(gelu(sized, norm), skip);
  });
}

/** The largest of x's channels at each place. x [N, C, H, W] -> [N, 1, H, W]. */
function largest(x: Value): Value {
  const [batch, space] = [gather(shapeOf(x), [0]), gather(shapeOf(x), [2, 3])];
  const column = reshape(x, [0, 1, channelsOf(x), -1]);
  const most = maxPool(column, [channelsOf(x), 1], { strides: [1, 1] });
  return reshapeTo(most, concat([batch, int64List([1]), space], 0));
}

/** A weight of each place, by mean and maximum of its channels. */
function placeWeights(x: Value, weights: Weights): Value {
  const mean = mul(reduceSum(x, [1]), 1 / channelsOf(x));
  const convolved = conv2d(concat([mean, largest(x)], 1), weights.scope('0'), 1, 7, { dilation: 3 });
  return activation('sigmoid', convolved, weights.scope('1'));
}

/** A weight of each channel of each feature, by the means of all. @param isSplit whether they are convolutions and not linear layers */
function channelWeights(features: readonly Value[], weights: Weights, isSplit: boolean): readonly Value[] {
  const means = concat(features.map(globalAveragePool), 1);
  const line = convNd(reshape(means, [0, 1, -1]), weights.scope('get_all_att'), 1, 3, { bias: false });
  const all = reshape(line, isSplit ? [0, channelsOf(means), 1] : [0, channelsOf(means), 1, 1]);
  return features.map((feature, index) => {
    const own = weights.scope(`att${index + 1}`);
    const channels = channelsOf(feature);
    const raw = isSplit ? convNd(all, own, channels, 1) : linear(all, own, channels);
    const weighed = activation('sigmoid', raw, weights.scope('sigmoid'));
    return isSplit ? reshape(weighed, [0, channels, 1, 1]) : weighed;
  });
}

/** MALUNet's bridge: each feature is weighed by place, then by channel, and each time added to what it was. */
function bridged(features: readonly Value[], weights: Weights, isSplit: boolean): readonly Value[] {
  return module(weights, 'satt.shared_conv2d', (own) => {
    const places = features.map((feature) => mul(placeWeights(feature, own), feature));
    const sums = places.map((place, index) => add(place, at(features, index)));
    const channels = channelWeights(sums, weights.scope('catt'), isSplit);
    return sums.map((sum, index) => add(mul(at(channels, index), sum), at(places, index)));
  });
}

const STEM = 'encoder1.0.weight';

/** MALUNet (Ruan et al., BIBM 2022) with the keys of JCruan519/MALUNet, with its attention bridge or without. */
export const MALUNet = {
  id: 'malunet',
  stems: [STEM],
  network(shapes: Shapes) {
    const widths = widthsIn(shapes, '1.gau.cw');
    const classes = sizeIn(shapes, 'final.weight', 0, 1);
    const split = shapes.get('scab.catt.att1.weight');
    const hasBridge = split !== undefined || !shapes.has('final.weight');
    return networkOf({
      backbone: 'malunet',
      inputChannels: sizeIn(shapes, STEM, 1, 3),
      features: (input, weights) => encode(input, weights, widths, attendDown),
      own: {
        classes,
        multiple: 32,
        variant: { bridge: hasBridge ? 'yes' : 'no' },
        activation: 'sigmoid',
        logits(skips, weights) {
          const features = valuesOf(skips);
          const shallow = features.slice(0, -1);
          const joined = hasBridge
            ? [...bridged(shallow, weights.scope('scab'), split?.length === 3), ...features.slice(-1)]
            : features;
          return double(conv2d(decode(joined, weights), weights.scope('final'), classes, 1), weights);
        },
      },
    });
  },
} satisfies Backbone;
