import type { Value } from '../../graph/ir/value.js';
import {
  activation,
  add,
  batchNorm2d,
  channelsOf,
  conv2d,
  globalAveragePool,
  type LayerActivation,
  module,
  mul,
} from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';

interface ConvNormActivation {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly dilation?: number;
  /** None where it is left out. */
  readonly activation?: LayerActivation;
  /** BatchNorm's; PyTorch's default where it is left out. */
  readonly epsilon?: number | undefined;
}

/** torchvision's Conv2dNormActivation: `.0` a convolution without bias, `.1` BatchNorm, `.2` the activation. */
export function convNormActivation(x: Value, weights: Weights, layer: ConvNormActivation): Value {
  const { out, kernel, stride = 1, groups = 1, dilation = 1, epsilon } = layer;
  const convolved = conv2d(x, weights.scope('0'), out, kernel, { stride, groups, dilation, bias: false });
  const normalized = batchNorm2d(convolved, weights.scope('1'), epsilon);
  return layer.activation ? activation(layer.activation, normalized, weights.scope('2')) : normalized;
}

/** Squeeze and excitation (Hu et al., CVPR 2018): channels are scaled by what two 1x1 convolutions make of their means. */
export interface Squeeze {
  readonly channels: number;
  readonly activation: LayerActivation;
  readonly gate: LayerActivation;
}

const TORCHVISION = ['fc1', 'activation', 'fc2', 'scale_activation'] as const;

/** @param names of the two convolutions, each with what follows it */
export function excited(
  x: Value,
  weights: Weights,
  squeeze: Squeeze,
  names: readonly [string, string, string, string] = TORCHVISION,
): Value {
  const [reduce, active, expand, gate] = names;
  const squeezed = conv2d(globalAveragePool(x), weights.scope(reduce), squeeze.channels, 1);
  const between = activation(squeeze.activation, squeezed, weights.scope(active));
  const scales = conv2d(between, weights.scope(expand), channelsOf(x), 1);
  return mul(x, activation(squeeze.gate, scales, weights.scope(gate)));
}

/** MobileNetV2's block (Sandler et al., CVPR 2018) and those that came of it. */
interface InvertedResidual extends Omit<ConvNormActivation, 'groups'> {
  readonly stride: number;
  readonly activation: LayerActivation;
  /** Channels between; where they are the input's, nothing expands. */
  readonly expanded: number;
  readonly squeeze?: Squeeze;
  /** The projection's convolution and BatchNorm are modules of the block itself. */
  readonly flatProjection?: boolean;
}

/** Expand by 1x1, convolve each channel, project by 1x1; added to x where the shape stays. Modules are numbered in turn. */
export function invertedResidual(x: Value, weights: Weights, block: InvertedResidual): Value {
  const { expanded, kernel, epsilon, squeeze, stride, dilation = 1, activation } = block;
  let [y, at] = [x, 0];
  const next = () => String(at++);
  if (expanded !== channelsOf(x)) {
    y = convNormActivation(y, weights.scope(next()), { out: expanded, kernel: 1, activation, epsilon });
  }
  const depthwise = { out: expanded, kernel, stride, dilation, groups: expanded, activation, epsilon };
  y = convNormActivation(y, weights.scope(next()), depthwise);
  if (squeeze !== undefined) y = module(weights, next(), (inner) => excited(y, inner, squeeze));
  if (block.flatProjection) {
    const narrow = conv2d(y, weights.scope(next()), block.out, 1, { bias: false });
    y = batchNorm2d(narrow, weights.scope(next()), epsilon);
  } else {
    y = convNormActivation(y, weights.scope(next()), { out: block.out, kernel: 1, epsilon });
  }
  return stride === 1 && channelsOf(x) === block.out ? module(weights, 'add', () => add(y, x)) : y;
}
