import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import type { PerAxis } from '../../../nn/convolution.js';
import { activation, add, batchNorm2d, channelsOf, concat, mul, prelu, relu } from '../../../nn/layers.js';
import type { Shapes, Weights } from '../../../nn/weights.js';
import type { Arguments } from '../../arguments/arguments.js';
import type { Common, Definition } from '../../arguments/definition.js';
import { countOf, kernelIn } from '../../arguments/inferred.js';
import { channelsOfLevels, factorsOf, listText } from '../../arguments/sizes.js';
import type { NamedArguments } from '../../backbone.js';
import { descend } from '../../contracting.js';
import { normalized } from '../../norm.js';
import type { Architecture } from '../architecture.js';
import { type Adn, convolution, kernelOf, PLAIN_ORDER, stridesOf } from '../convolution.js';

const CHANNELS = [16, 32, 64, 128, 256];

const BATCH_RELU: Adn = { ordering: PLAIN_ORDER, norm: batchNorm2d, act: relu };

const INSTANCE = { type: 'instancenorm', eps: 1e-5, affine: false, tracked: false } as const;

/** The default of MONAI's convolutions, where the two paths meet. */
const INSTANCE_PRELU: Adn = {
  ordering: PLAIN_ORDER,
  norm: (x, weights) => normalized(x, weights, INSTANCE),
  act: (x, weights) => prelu(x, weights, 1),
};

/** Two convolutions, `conv.0` and `conv.1`. */
function convBlock(x: Value, weights: Weights, out: number, kernel: PerAxis, stride: PerAxis): Value {
  const options = { kernel, adn: BATCH_RELU };
  const first = convolution(x, weights.scope('conv.0'), out, { ...options, stride });
  return convolution(first, weights.scope('conv.1'), out, options);
}

/** A gate from 0 to 1 of each place of x, by what comes from below. */
function attention(below: Value, x: Value, weights: Weights): Value {
  const project = (value: Value, name: string, out: number) => {
    const inner = weights.scope(name);
    return batchNorm2d(convolution(value, inner.scope('0'), out, { kernel: 1 }), inner.scope('1'));
  };
  const between = Math.floor(channelsOf(x) / 2);
  const sum = relu(add(project(below, 'W_g', between), project(x, 'W_x', between)), weights.scope('relu'));
  return mul(x, activation('sigmoid', project(sum, 'psi', 1), weights.scope('psi.2')));
}

/** An attention layer holds, below `submodule`, the next level (`.0`) and its own attention layer (`.1`); the last the level alone. */
const layerOf = (level: number): string => `model.1${'.submodule.1'.repeat(level)}`;

function define(args: Arguments, { axes, classes }: Common): Definition {
  const channels = channelsOfLevels(args, 'channels', CHANNELS);
  if (channels.length < 2) throw args.fault(['channels'], 'two levels at least', CHANNELS);
  const strides = stridesOf(args, channels.length - 1, axes);
  const kernel = kernelOf(args, 'kernel_size', axes);
  const upKernel = kernelOf(args, 'up_kernel_size', axes);
  // It drops out in training alone.
  args.value('dropout');
  const deepest = channels.length - 1;
  const pathOf = (level: number) => {
    if (level === 0) return 'model.0';
    return `${layerOf(level - 1)}.submodule${level === deepest ? '' : '.0'}`;
  };
  return {
    multiple: factorsOf(strides, axes),
    variant: { strides: listText(strides) },
    features: (input, weights) =>
      descend(input, channels, (x, width, level) => {
        const stride = level === 0 ? 1 : at(strides, level - 1);
        return convBlock(x, weights.scope(pathOf(level)), width, kernel, stride);
      }),
    logits(features, weights) {
      const merged = features.reduceRight((x, skip, level) => {
        const layer = weights.scope(layerOf(level));
        const out = channelsOf(skip);
        const options = { kernel: upKernel, stride: at(strides, level), transposed: true, adn: BATCH_RELU };
        const below = convolution(x, layer.scope('upconv.up'), out, options);
        const gated = attention(below, skip, layer.scope('attention'));
        return convolution(concat([gated, below], 1), layer.scope('merge'), out, { adn: INSTANCE_PRELU });
      });
      return convolution(merged, weights.scope('model.2'), classes, { kernel: 1 });
    },
  };
}

const FIRST = 'model.0.conv.0.conv.weight';

function inferred(shapes: Shapes): NamedArguments {
  const weightAt = (level: number, end: string) => `${layerOf(level)}.submodule${end}.conv.0.conv.weight`;
  const levels = countOf(shapes, (level) => weightAt(level, '.0'));
  const between = [...Array(levels).keys()].map((level) => weightAt(level, '.0'));
  const keys = [FIRST, ...between, weightAt(levels, '')];
  const channels = keys.map((key) => shapes.get(key)?.[0]).filter((size) => size !== undefined);
  return {
    ...(channels.length === keys.length && { channels }),
    kernel_size: kernelIn(shapes, FIRST),
    up_kernel_size: kernelIn(shapes, 'model.1.upconv.up.conv.weight'),
    out_channels: shapes.get('model.2.conv.weight')?.[0],
  };
}

/** monai.networks.nets.AttentionUnet: a gate on each skip connection. */
export const ATTENTION_UNET: Architecture = {
  className: 'AttentionUnet',
  aliases: [],
  stems: [FIRST],
  required: ['spatial_dims', 'in_channels', 'out_channels', 'channels', 'strides'],
  isIn: (shapes) =>
    shapes.has(FIRST) && [...shapes.keys()].some((key) => key.startsWith('model.1.submodule')),
  inferred,
  define,
};
