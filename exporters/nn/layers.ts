import { NmodeError } from '../../graph/common/errors.js';
import { float32Tensor } from '../../graph/ir/tensor.js';
import { constant, scope, type Value } from '../../graph/ir/value.js';
import { batchNormalization } from '../../graph/ops/batch-normalization.js';
import { concat } from '../../graph/ops/concat.js';
import { conv } from '../../graph/ops/conv.js';
import { convTranspose } from '../../graph/ops/conv-transpose.js';
import { add, mul, parametricRelu } from '../../graph/ops/elementwise.js';
import { globalAveragePool } from '../../graph/ops/global-average-pool.js';
import { instanceNormalization } from '../../graph/ops/instance-normalization.js';
import { layerNormalization } from '../../graph/ops/layer-normalization.js';
import { averagePool, maxPool } from '../../graph/ops/pool.js';
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
import { padded } from './padding.js';
import type { Pooling, Upsampling } from './settings.js';
import { Weights } from './weights.js';

export { add, concat, globalAveragePool, type LayerActivation, mul };

/**
 * The layers that backbones are written in, by PyTorch's names, at inference. A layer finds its weights under its scope; all
 * values are [N, C, H, W]. What a layer is told that is in no state dict (which pooling, an epsilon) is what the network's code has:
 * the settings that come with the weights go before it.
 */

/** PyTorch's default. */
const NORM_EPSILON = 1e-5;

/** The number of channels of x [N, C, ...space], which is always known. */
export function channelsOf(x: Value): number {
  const channels = x.shape[1];
  if (typeof channels !== 'number') throw new TypeError('the number of channels is open');
  return channels;
}

/** Operations of a layer bear the path of its weights. @throws NmodeError (BAD_USAGE) for what is no weights, from JavaScript */
function within<T>(weights: Weights, body: () => T): T {
  if (!(weights instanceof Weights)) {
    throw usage(`a layer has '${weights}' for its weights, expected weights.scope(...)`);
  }
  return scope(weights.path, body);
}

const usage = (message: string) => new NmodeError('BAD_USAGE', message);

/** The operations of a torch.nn.Module bear its path; what is in it has its weights below `name`. */
export function module<T>(weights: Weights, name: string, forward: (weights: Weights) => T): T {
  const inner = weights.scope(name);
  return within(inner, () => forward(inner));
}

export interface Conv2dOptions {
  readonly stride?: number;
  /** Of both axes; default dilation (kernel - 1) / 2 of each, which keeps the size at a stride of 1. (PyTorch's own default is 0.) */
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
}

/** torch.nn.Conv2d(C, out, kernel). x [N, C, H, W] -> [N, out, H', W']. @param kernel of both axes, or of height and width */
export function conv2d(
  x: Value,
  weights: Weights,
  out: number,
  kernel: number | readonly [height: number, width: number],
  options: Conv2dOptions = {},
): Value {
  const { stride, dilation = 1, padding, groups = 1, bias = true } = options;
  const [height, width] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
  const around = (size: number) => padding ?? (dilation * (size - 1)) / 2;
  return within(weights, () => {
    const channels = channelsOf(x);
    if (channels % groups !== 0 || out % groups !== 0) {
      throw usage(
        `${weights.path}: ${groups} groups do not divide both the ${channels} channels taken and the ${out} given`,
      );
    }
    const { taken, pads } = padded(x, weights, [around(height), around(width)]);
    return conv(
      taken,
      weights.take('weight', [out, channels / groups, height, width]),
      bias ? weights.take('bias', [out]) : undefined,
      {
        pads,
        ...(stride !== undefined && { strides: [stride, stride] }),
        ...(dilation !== 1 && { dilations: [dilation, dilation] }),
        ...(groups !== 1 && { group: groups }),
      },
    );
  });
}

/** torch.nn.Linear(C, out) on the channels, a 1x1 convolution. x [N, C, H, W] -> [N, out, H, W]. */
export function linear(x: Value, weights: Weights, out: number): Value {
  return within(weights, () =>
    conv(
      x,
      weights.take('weight', [out, channelsOf(x)], [out, channelsOf(x), 1, 1]),
      weights.take('bias', [out]),
    ),
  );
}

export interface ConvTranspose2dOptions {
  /** Default 1, as in PyTorch. */
  readonly stride?: number;
  /** Default 0. */
  readonly padding?: number;
  /** Rows and columns that are added at the end; default 0. */
  readonly outputPadding?: number;
  /** Default true. */
  readonly bias?: boolean;
}

/** torch.nn.ConvTranspose2d(C, out, kernel). x [N, C, H, W] -> [N, out, H', W']. */
export function convTranspose2d(
  x: Value,
  weights: Weights,
  out: number,
  kernel: number,
  options: ConvTranspose2dOptions = {},
): Value {
  const { stride = 1, padding = 0, outputPadding = 0, bias = true } = options;
  return within(weights, () => {
    const weight = weights.take('weight', [channelsOf(x), out, kernel, kernel]);
    return convTranspose(x, weight, bias ? weights.take('bias', [out]) : undefined, {
      strides: [stride, stride],
      ...(padding > 0 && { pads: Array(4).fill(padding) }),
      ...(outputPadding > 0 && { outputPadding: [outputPadding, outputPadding] }),
    });
  });
}

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

/** torch.nn.GroupNorm(groups, C): each group of channels as one, then a scale and a shift of each channel. */
export function groupNorm(x: Value, weights: Weights, groups: number): Value {
  return within(weights, () => {
    const channels = channelsOf(x);
    // [N, groups, C / groups * H, W]
    const grouped = reshape(x, [0, groups, -1, 0]);
    const normalized = instanceNormalization(grouped, filled(groups, 1), filled(groups, 0), NORM_EPSILON);
    const perChannel = (name: string) => weights.take(name, [channels], [channels, 1, 1]);
    const back = reshapeTo(normalized, shapeOf(x));
    return add(mul(back, perChannel('weight')), perChannel('bias'));
  });
}

/** torch.nn.ReLU and its like. They have no weights: their scope is their place in the module that holds them. */
export function activation(kind: LayerActivation, x: Value, weights: Weights): Value {
  if (!Object.hasOwn(LAYER_ACTIVATIONS, kind)) {
    throw usage(`no activation '${kind}': there are ${Object.keys(LAYER_ACTIVATIONS).join(', ')}`);
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
  return within(weights, () => parametricRelu(x, weights.take('weight', [slopes], [slopes, 1, 1])));
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
    return pool(x, [kernel, kernel], { strides: [stride, stride], pads: Array(4).fill(padding) });
  });
}

/** Conv2d 3x3, BatchNorm2d and ReLU, by their names in the module that holds them. x [N, C, H, W] -> [N, out, H', W']. */
export function convNormRelu(
  x: Value,
  weights: Weights,
  out: number,
  [convolution, norm, activation]: readonly [string, string, string],
  options?: Conv2dOptions,
): Value {
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

/** torch.nn.Upsample(scale_factor=scale, mode='bilinear'); a scale may be one an axis. x [N, C, H, W] -> [N, C, scale H, scale W]. */
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
