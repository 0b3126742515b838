import { scope, type Value } from '../../../../graph/ir/value.js';
import { sigmoid } from '../../../../graph/ops/unary.js';
import { activation, add, channelsOf, conv2d, globalAveragePool, mul, relu } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Norm, normalized } from '../../norm.js';

/** Conv2dReLU: `.0` a convolution, which has a bias where no norm follows, `.1` the norm, `.2` ReLU. */
export function convReLU(x: Value, weights: Weights, out: number, kernel: number, norm: Norm): Value {
  const convolved = conv2d(x, weights.scope('0'), out, kernel, { bias: norm.type === 'identity' });
  return relu(normalized(convolved, weights.scope('1'), norm), weights.scope('2'));
}

/** `decoder_attention_type`. */
export type Attention = 'scse' | null;

/**
 * Channels are scaled by what two 1x1 convolutions make of their means. With no channel between the two, the scales are what the
 * second one's bias says.
 */
export function excitation(x: Value, weights: Weights, between: number): Value {
  const channels = channelsOf(x);
  if (between > 0) {
    const squeezed = relu(conv2d(globalAveragePool(x), weights.scope('1'), between, 1), weights.scope('2'));
    return activation('sigmoid', conv2d(squeezed, weights.scope('3'), channels, 1), weights.scope('4'));
  }
  weights.scope('1').take('weight', [0, channels, 1, 1]);
  weights.scope('1').take('bias', [0]);
  weights.scope('3').take('weight', [channels, 0, 1, 1]);
  const bias = weights.scope('3').take('bias', [channels], [channels, 1, 1]);
  return scope(weights.scope('4').path, () => sigmoid(bias));
}

/** scSE (Roy et al., MICCAI 2018), with a reduction of 16: x by channel and x by place, summed. */
function scse(x: Value, weights: Weights): Value {
  return scope(weights.path, () => {
    const channelwise = excitation(x, weights.scope('cSE'), Math.floor(channelsOf(x) / 16));
    const places = conv2d(x, weights.scope('sSE.0'), 1, 1);
    const spatial = activation('sigmoid', places, weights.scope('sSE.1'));
    return add(mul(x, channelwise), mul(x, spatial));
  });
}

export function attended(x: Value, weights: Weights, type: Attention): Value {
  return type === 'scse' ? scse(x, weights.scope('attention')) : x;
}
