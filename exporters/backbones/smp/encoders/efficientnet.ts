import type { Value } from '../../../../graph/ir/value.js';
import { mul } from '../../../../graph/ops/elementwise.js';
import { NORMALIZATIONS } from '../../../../graph/recipe/normalization.js';
import {
  activation,
  add,
  batchNorm2d,
  channelsOf,
  conv2d,
  globalAveragePool,
  module,
} from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { roundedChannels, SCALES, type Scale, STAGES, STEM, scaledDepth } from './compound-scaling.js';
import { type Encoder, type Extent, stepOf } from './encoder.js';
import { type SameConv, sameConv, samePads } from './same-conv.js';

const EPSILON = 1e-3;

/** Images from -1 to 1, as TensorFlow has them and those that `advprop` was trained with. */
export const INCEPTION = { kind: 'mean-std', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;

export const efficientNetNormalization = (pretrained: unknown) =>
  pretrained === 'advprop' ? INCEPTION : NORMALIZATIONS.imagenet;

/** A convolution, BatchNorm and, but for the projection, SiLU. */
function convNorm(
  x: Value,
  weights: Weights,
  [convolution, norm]: readonly [string, string],
  layer: SameConv,
  isActive = true,
): Value {
  const convolved = sameConv(x, weights.scope(convolution), layer);
  const normalized = batchNorm2d(convolved, weights.scope(norm), EPSILON);
  return isActive ? activation('silu', normalized, weights.scope('_swish')) : normalized;
}

interface Block {
  readonly expansion: number;
  readonly kernel: number;
  readonly out: number;
  readonly stride: number;
  readonly dilation: number;
  /** Side of the feature that it takes, where images are of the size that it was trained with: what its padding was computed for. */
  readonly side: number;
}

/** MBConv. Where it dilates, smp pads both ends alike. */
function inverted(x: Value, weights: Weights, block: Block): Value {
  const { expansion, kernel, out, stride, dilation, side } = block;
  const channels = channelsOf(x);
  const wide = expansion * channels;
  const pointwise = { kernel: 1, pads: [0, 0] } as const;
  const expanded =
    expansion === 1 ? x : convNorm(x, weights, ['_expand_conv', '_bn0'], { ...pointwise, out: wide });
  const both = ((kernel - 1) / 2) * dilation;
  const pads = dilation > 1 ? ([both, both] as const) : samePads(side, kernel, stride);
  const depthwise = { out: wide, kernel, stride, dilation, groups: wide, pads };
  const convolved = convNorm(expanded, weights, ['_depthwise_conv', '_bn1'], depthwise);
  const between = Math.max(1, Math.floor(channels / 4));
  const squeezed = conv2d(globalAveragePool(convolved), weights.scope('_se_reduce'), between, 1);
  const active = activation('silu', squeezed, weights.scope('_swish'));
  const scales = conv2d(active, weights.scope('_se_expand'), wide, 1);
  const excited = mul(activation('sigmoid', scales, weights), convolved);
  const y = convNorm(excited, weights, ['_project_conv', '_bn2'], { ...pointwise, out }, false);
  return channels === out ? add(y, x) : y;
}

/** The blocks of a network, in their order, each with its own stride and the last of their stage that smp takes a feature of. */
function blocksOf(width: number, depth: number) {
  return STAGES.flatMap(([expansion, kernel, own, channels, blocks], stage) => {
    const shape = { expansion, kernel, stage, out: roundedChannels(channels, width) };
    return Array.from({ length: scaledDepth(blocks, depth) }, (_, block) => ({
      ...shape,
      own: block === 0 ? own : 1,
    }));
  });
}

/** Stages whose last block gives a feature. */
const FEATURE_STAGES = [1, 2, 4, 6];
/** smp takes the third of b0 behind the first block of its stage. */
const THIRD_OF_B0 = 8;

function features(scale: Scale, input: Value, weights: Weights, extent: Extent): readonly Value[] {
  const [width, depthFactor, trainedSide] = scale;
  const blocks = blocksOf(width, depthFactor);
  const ends = FEATURE_STAGES.map((stage) => blocks.findLastIndex((block) => block.stage === stage));
  if (depthFactor === 1) ends[2] = THIRD_OF_B0;
  const pads = samePads(trainedSide, 3, 2);
  const stem = { out: roundedChannels(STEM, width), kernel: 3, stride: 2, pads };
  let x = convNorm(input, weights, ['_conv_stem', '_bn0'], stem);
  let side = Math.ceil(trainedSide / 2);
  const found = [x];
  for (const [index, { own, ...shape }] of blocks.entries()) {
    // What lies behind a feature is of the next stride, also where it does not stride itself.
    const { stride, dilation } = stepOf(2 ** (found.length + 1), extent, own);
    const step = { ...shape, stride, dilation, side };
    x = module(weights, `_blocks.${index}`, (inner) => inverted(x, inner, step));
    side = Math.ceil(side / own);
    if (ends.includes(index)) found.push(x);
    if (found.length === extent.depth) return found;
  }
  return found;
}

/** lukemelas/EfficientNet-PyTorch, whose padding is that of the images it was trained with. */
export const EFFICIENTNETS = Object.entries(SCALES).map(
  ([size, scale]): Encoder => ({
    name: `efficientnet-${size}`,
    stem: '_conv_stem.weight',
    first: 1,
    leastDepth: 2,
    unused: ['_conv_head.', '_bn1.', '_fc.'],
    normalization: efficientNetNormalization,
    features: (input, weights, extent) => features(scale, input, weights, extent),
  }),
);
