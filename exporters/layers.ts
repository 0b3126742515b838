import { batchNormalization } from '../graph/ops/batch-normalization.js';
import { conv as convolve } from '../graph/ops/conv.js';
import { convTranspose as convolveTransposed } from '../graph/ops/conv-transpose.js';
import { relu } from '../graph/ops/unary.js';
import { scope, type Value } from '../graph/value.js';
import type { Weights } from './weights.js';

/** PyTorch's default. */
const BATCH_NORM_EPSILON = 1e-5;

/** The number of channels of x [N, C, ...space], which is always known. */
export function channelsOf(x: Value): number {
  const channels = x.shape[1];
  if (typeof channels !== 'number') throw new TypeError('the number of channels is open');
  return channels;
}

/** torch.nn.Conv2d(C, out, kernel, padding=(kernel - 1) / 2) with bias. x [N, C, H, W] -> [N, out, H, W]. */
export function conv2d(x: Value, weights: Weights, out: number, kernel: number): Value {
  return scope(weights.path, () => {
    const weight = weights.take('weight', [out, channelsOf(x), kernel, kernel]);
    const side = (kernel - 1) / 2;
    return convolve(x, weight, weights.take('bias', [out]), { pads: [side, side, side, side] });
  });
}

/** torch.nn.ConvTranspose2d(C, out, 2, stride=2) with bias. x [N, C, H, W] -> [N, out, 2 H, 2 W]. */
export function doublingConvTranspose2d(x: Value, weights: Weights, out: number): Value {
  return scope(weights.path, () => {
    const weight = weights.take('weight', [channelsOf(x), out, 2, 2]);
    return convolveTransposed(x, weight, weights.take('bias', [out]), { strides: [2, 2] });
  });
}

/** torch.nn.BatchNorm2d(C) at inference. */
export function batchNorm2d(x: Value, weights: Weights): Value {
  return scope(weights.path, () => {
    const shape = [channelsOf(x)];
    const [scale, bias] = [weights.take('weight', shape), weights.take('bias', shape)];
    const mean = weights.take('running_mean', shape);
    return batchNormalization(x, scale, bias, mean, weights.take('running_var', shape), BATCH_NORM_EPSILON);
  });
}

/** torch.nn.ReLU, named by its place in a torch.nn.Sequential: it has no weights. */
export function reluAt(x: Value, weights: Weights): Value {
  return scope(weights.path, () => relu(x));
}

/** (Conv2d 3x3, BatchNorm2d, ReLU) twice, `double_conv.0` to `.5`. x [N, C, H, W] -> [N, out, H, W]. */
export function doubleConv(x: Value, weights: Weights, out: number): Value {
  const at = (index: number) => weights.scope(`double_conv.${index}`);
  const half = (value: Value, first: number) =>
    reluAt(batchNorm2d(conv2d(value, at(first), out, 3), at(first + 1)), at(first + 2));
  return half(half(x, 0), 3);
}
