import { badUsage } from '../../graph/common/errors.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { constant, type Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import { conv } from '../../graph/ops/conv.js';
import { add, mul, parametricRelu } from '../../graph/ops/elementwise.js';
import {
  batchNormalization,
  instanceNormalization,
  layerNormalization,
} from '../../graph/ops/normalization.js';
import { averagePool, globalAveragePool, maxPool } from '../../graph/ops/pool.js';
import { reshape, reshapeTo } from '../../graph/ops/reshape.js';
import { resizeLinear, resizeNearest } from '../../graph/ops/resize.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { transpose } from '../../graph/ops/transpose.js';
import {
  activate,
  activationName,
  isExchangeable,
  LAYER_ACTIVATIONS,
  type LayerActivation,
} from './activations.js';
import { type ConvOptions, type ConvTransposeOptions, convNd, convTransposeNd } from './convolution.js';
import type { Pooling, Upsampling } from './settings.js';
import type { Weights } from './weights.js';
import { channelsOf, within } from './within.js';

export { add, channelsOf, concat, globalAveragePool, type LayerActivation, mul };

/**
 * The layers that backbones are written in, by PyTorch's names, at inference. A layer finds its weights under its scope; all
 * values are [N, C, H, W]. What a layer is told that is in no state dict (which pooling, an epsilon) is what the network's code has:
 * the settings that come with the weights go before it.
 */

/** PyTorch's default. */
const NORM_EPSILON = 1e-5;

/** The operations of a torch.nn.Module bear its path; what is in it has its weights below `name`. */
export function module<T>(weights: Weights, name: string, forward: (weights: Weights) => T): T {
  const inner = weights.scope(name);
  return within(inner, () => forward(inner));
}

export interface Conv2dOptions extends ConvOptions {
  readonly stride?: number;
  /** Of both axes; default dilation (kernel - 1) / 2 of each, which keeps the size at a stride of 1. (PyTorch's own default is 0.) */
  readonly padding?: number;
}

/** torch.nn.Conv2d(C, out, kernel). x [N, C, H, W] -> [N, out, H', W']. @param kernel of both axes, or of height and width */
export const conv2d: (
  x: Value,
  weights: Weights,
  out: number,
  kernel: number | readonly [height: number, width: number],
  options?: Conv2dOptions,
) => Value = convNd;

/** torch.nn.Linear(C, out) on the channels, a 1x1 convolution. x [N, C, H, W] -> [N, out, H, W]. */
export function linear(x: Value, weights: Weights, out: number): Value {
  return within(weights, () => {
    const channels = channelsOf(x);
    const kernel = weights.take('weight', [out, channels], [out, channels, 1, 1]);
    return conv(x, kernel, weights.take('bias', [out]));
  });
}

export interface ConvTranspose2dOptions extends Omit<ConvTransposeOptions, 'groups'> {
  readonly stride?: number;
  readonly padding?: number;
  readonly outputPadding?: number;
}

/** torch.nn.ConvTranspose2d(C, out, kernel). x [N, C, H, W] -> [N, out, H', W']. */
export const convTranspose2d: (
  x: Value,
  weights: Weights,
  out: number,
  kernel: number,
  options?: ConvTranspose2dOptions,
) => Value = convTransposeNd;

/** torch.nn.ConvTranspose2d(C, out, 2, stride=2) with bias. x [N, C, H, W] -> [N, out, 2 H, 2 W]. */
export function doublingConvTranspose2d(x: Value, weights: Weights, out: number): Value {
  return convTranspose2d(x, weights, out, 2, { stride: 2 });
}

/** torch.nn.BatchNorm2d(C, epsilon). */
export function batchNorm2d(x: Value, weights: Weights, epsilon = NORM_EPSILON): Value {
  return within(weights, () => {
    const shape = [channelsOf(x)];
    const [scale, bias] = [weights.take('weight', shape), weights.take('bias', shape)];
    const [mean, variance] = [weights.take('running_mean', shape), weights.take('running_var', shape)];
    return batchNormalization(x, scale, bias, mean, variance, weights.settings.take('bnEps', epsilon));
  });
}

/** torch.nn.LayerNorm(C, epsilon) on the channels of each place. */
export function layerNorm2d(x: Value, weights: Weights, epsilon: number): Value {
  return within(weights, () => {
    const shape = [channelsOf(x)];
    const last = transpose(x, [0, 2, 3, 1]);
    const [scale, bias] = [weights.take('weight', shape), weights.take('bias', shape)];
    return transpose(layerNormalization(last, scale, bias, epsilon), [0, 3, 1, 2]);
  });
}

/** torch.nn.InstanceNorm2d(C, affine=True) without running statistics. @param affine whether it has weights; not by PyTorch's default */
export function instanceNorm2d(x: Value, weights: Weights, epsilon = NORM_EPSILON, affine = true): Value {
  return within(weights, () => {
    const [scale, bias] = scaleAndShift(channelsOf(x), weights, affine);
    return instanceNormalization(x, scale, bias, epsilon);
  });
}

/** What a norm multiplies channels by and adds to them. @param affine whether it has weights for that */
export const scaleAndShift = (channels: number, weights: Weights, affine: boolean) =>
  affine
    ? ([weights.take('weight', [channels]), weights.take('bias', [channels])] as const)
    : ([filled(channels, 1), filled(channels, 0)] as const);

const filled = (count: number, value: number): Value =>
  constant(float32Tensor([count], Array(count).fill(value)));

/** The shape of one number a channel beside x [N, C, ...space]. */
const overSpace = (channels: number, x: Value) => [channels, ...x.shape.slice(2).map(() => 1)];

/**
 * torch.nn.GroupNorm(groups, C): each group of channels as one, then a scale and a shift of each channel.
 * @param affine whether it has weights for these
 */
export function groupNorm(
  x: Value,
  weights: Weights,
  groups: number,
  epsilon = NORM_EPSILON,
  affine = true,
): Value {
  return within(weights, () => {
    const channels = channelsOf(x);
    // [N, groups, C / groups * the first axis of space, ...others]
    const grouped = reshape(x, [0, groups, -1, ...Array(x.shape.length - 3).fill(0)]);
    const normalized = instanceNormalization(grouped, filled(groups, 1), filled(groups, 0), epsilon);
    const perChannel = (name: string) => weights.take(name, [channels], overSpace(channels, x));
    const back = reshapeTo(normalized, shapeOf(x));
    return affine ? add(mul(back, perChannel('weight')), perChannel('bias')) : back;
  });
}

/** torch.nn.ReLU and its like. They have no weights: their scope is their place in the module that holds them. */
export function activation(kind: LayerActivation, x: Value, weights: Weights): Value {
  if (!Object.hasOwn(LAYER_ACTIVATIONS, kind)) {
    throw badUsage(`no activation '${kind}': there are ${Object.keys(LAYER_ACTIVATIONS).join(', ')}`);
  }
  return within(weights, () =>
    isExchangeable(kind)
      ? activate(x, weights.settings.take('backboneActivation', activationName(kind)))
      : LAYER_ACTIVATIONS[kind](x),
  );
}

export const relu = (x: Value, weights: Weights): Value => activation('relu', x, weights);
export const gelu = (x: Value, weights: Weights): Value => activation('gelu', x, weights);

/** torch.nn.PReLU(slopes), of one slope or of one a channel. */
export function prelu(x: Value, weights: Weights, slopes: number): Value {
  return within(weights, () => parametricRelu(x, weights.take('weight', [slopes], overSpace(slopes, x))));
}

/** torch.nn.MaxPool2d(kernel, stride, padding), or AvgPool2d where the settings say so. x [N, C, H, W] -> [N, C, H', W']. */
export function maxPool2d(x: Value, weights: Weights, kernel: number, stride = kernel, padding = 0): Value {
  return pool2d('max', x, weights, kernel, stride, padding);
}

/** torch.nn.AvgPool2d(kernel, stride, padding), or MaxPool2d where the settings say so. x [N, C, H, W] -> [N, C, H', W']. */
export function averagePool2d(
  x: Value,
  weights: Weights,
  kernel: number,
  stride = kernel,
  padding = 0,
): Value {
  return pool2d('average', x, weights, kernel, stride, padding);
}

function pool2d(
  own: Pooling,
  x: Value,
  weights: Weights,
  kernel: number,
  stride: number,
  padding: number,
): Value {
  return within(weights, () => {
    const pool = weights.settings.take('pooling', own) === 'max' ? maxPool : averagePool;
    const each = x.shape.slice(2).map(() => kernel);
    return pool(x, each, { strides: each.map(() => stride), pads: Array(2 * each.length).fill(padding) });
  });
}

/** Conv2d 3x3, BatchNorm2d and ReLU, by their names in the module that holds them. x [N, C, H, W] -> [N, out, H', W']. */
export function convNormRelu(
  x: Value,
  weights: Weights,
  out: number,
  names: readonly [convolution: string, norm: string, activation: string],
  options?: Conv2dOptions,
): Value {
  const [convolution, norm, activation] = names;
  const convolved = conv2d(x, weights.scope(convolution), out, 3, options);
  return relu(batchNorm2d(convolved, weights.scope(norm)), weights.scope(activation));
}

/**
 * (Conv2d 3x3, BatchNorm2d, ReLU) twice, a Sequential of six, `name.0` to `.5`. x [N, C, H, W] -> [N, out, H, W].
 * @param out channels behind both convolutions, or behind the first and the second
 */
export function doubleConv(
  x: Value,
  weights: Weights,
  out: number | readonly [between: number, out: number],
  name = 'double_conv',
  options?: Conv2dOptions,
): Value {
  const block = weights.scope(name);
  const [between, last] = typeof out === 'number' ? [out, out] : out;
  const first = convNormRelu(x, block, between, ['0', '1', '2'], options);
  return convNormRelu(first, block, last, ['3', '4', '5'], options);
}

/** torch.nn.Upsample(scale_factor=scale), which repeats pixels. x [N, C, H, W] -> [N, C, scale H, scale W]. */
export function upsampleNearest(x: Value, weights: Weights, scale: number): Value {
  return upsample(x, weights, scale, 'nearest', false);
}

/** torch.nn.Upsample(scale_factor=scale, mode='bilinear'); a scale may have one number per axis. x [N, C, H, W] -> [N, C, scale H, scale W]. */
export function upsampleBilinear(
  x: Value,
  weights: Weights,
  scale: number | readonly number[],
  alignCorners = false,
): Value {
  return upsample(x, weights, scale, 'bilinear', alignCorners);
}

function upsample(
  x: Value,
  weights: Weights,
  scale: number | readonly number[],
  mode: Upsampling,
  corners: boolean,
): Value {
  const { settings } = weights;
  const scales = typeof scale === 'number' ? x.shape.slice(2).map(() => scale) : scale;
  return within(weights, () => {
    if (settings.take('upsample', mode) === 'nearest') return resizeNearest(x, scales);
    const isAligned = settings.take('alignCorners', corners);
    return resizeLinear(x, scales, isAligned ? 'align_corners' : 'half_pixel');
  });
}
