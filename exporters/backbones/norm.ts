import { scope, type Value } from '../../graph/ir/value.js';
import { batchNormalization } from '../../graph/ops/normalization.js';
import { channelsOf, instanceNorm2d, scaleAndShift } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';

/** What follows a convolution. */
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
