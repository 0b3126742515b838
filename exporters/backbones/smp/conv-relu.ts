import type { Value } from '../../../graph/ir/value.js';
import { conv2d, relu } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';
import { type Norm, normalized } from '../norm.js';

/** Conv2dReLU: `.0` a convolution, which has a bias where no norm follows, `.1` the norm, `.2` ReLU. */
export function convReLU(x: Value, weights: Weights, out: number, kernel: number, norm: Norm): Value {
  const convolved = conv2d(x, weights.scope('0'), out, kernel, { bias: norm.type === 'identity' });
  return relu(normalized(convolved, weights.scope('1'), norm), weights.scope('2'));
}
