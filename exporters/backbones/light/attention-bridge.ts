import { at } from '../../../graph/common/at.js';
import { int64Tensor } from '../../../graph/ir/tensor.js';
import { constant, type Value } from '../../../graph/ir/value.js';
import { gather } from '../../../graph/ops/gather.js';
import { maxPool } from '../../../graph/ops/pool.js';
import { reduceSum } from '../../../graph/ops/reduce.js';
import { reshape, reshapeTo } from '../../../graph/ops/reshape.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { convNd } from '../../nn/convolution.js';
import {
  activation,
  add,
  channelsOf,
  concat,
  conv2d,
  globalAveragePool,
  linear,
  module,
  mul,
} from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';

/** The largest of x's channels at each place. x [N, C, H, W] -> [N, 1, H, W]. */
function largest(x: Value): Value {
  const [batch, space] = [gather(shapeOf(x), [0]), gather(shapeOf(x), [2, 3])];
  const column = reshape(x, [0, 1, channelsOf(x), -1]);
  const most = maxPool(column, [channelsOf(x), 1], { strides: [1, 1] });
  return reshapeTo(most, concat([batch, constant(int64Tensor([1], [1])), space], 0));
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
export function bridged(features: readonly Value[], weights: Weights, isSplit: boolean): readonly Value[] {
  return module(weights, 'satt.shared_conv2d', (own) => {
    const places = features.map((feature) => mul(placeWeights(feature, own), feature));
    const sums = places.map((place, index) => add(place, at(features, index)));
    const channels = channelWeights(sums, weights.scope('catt'), isSplit);
    return sums.map((sum, index) => add(mul(at(channels, index), sum), at(places, index)));
  });
}
