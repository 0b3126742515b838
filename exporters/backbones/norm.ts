import { scope, type Value } from '../../../graph/ir/value.js';
import { batchNormalization } from '../../../graph/ops/batch-normalization.js';
import { channelsOf, conv2d, instanceNorm2d, relu, scaleAndShift } from '../../nn/layers.js';
import type { Weights } from '../../nn/weights.js';

/** What follows a convolution of a decoder: `decoder_use_norm`. */
export interface Norm {
  readonly type: 'batchnorm' | 'instancenorm' | 'identity';
  readonly eps: number;
  /** Whether it has a weight and a bias. */
  readonly affine: boolean;
  /** Whether it normalizes by the statistics of its training instead of the input's own. */
  readonly tracked: boolean;
}

/** torch.nn.BatchNorm2d or InstanceNorm2d, with weights or without. */
export function normalized(x: Value, weights: Weights, { type, eps, affine, tracked }: Norm): Value {
  if (type === 'identity') return x;
  if (!tracked) return instanceNorm2d(x, weights, eps, affine);
  return scope(weights.path, () => {
    const channels = channelsOf(x);
    const [scale, bias] = scaleAndShift(channels, weights, affine);
    const epsilon = type === 'batchnorm' ? weights.settings.take('bnEps', eps) : eps;
    const [mean, variance] = ['running_mean', 'running_var'].map((name) => weights.take(name, [channels]));
    return batchNormalization(x, scale, bias, mean as Value, variance as Value, epsilon);
  });
}

/** Conv2dReLU: `.0` a convolution, which has a bias where no norm follows, `.1` the norm, `.2` ReLU. */
export function convReLU(x: Value, weights: Weights, out: number, kernel: number, norm: Norm): Value {
  const convolved = conv2d(x, weights.scope('0'), out, kernel, { bias: norm.type === 'identity' });
  return relu(normalized(convolved, weights.scope('1'), norm), weights.scope('2'));
}
