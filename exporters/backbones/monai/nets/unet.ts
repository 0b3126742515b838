import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import type { PerAxis } from '../../../nn/convolution.js';
import { channelsOf, concat } from '../../../nn/layers.js';
import type { Shapes, Weights } from '../../../nn/weights.js';
import type { Arguments } from '../../arguments/arguments.js';
import type { Common, Definition } from '../../arguments/definition.js';
import { actIn, countOf, kernelIn, normIn } from '../../arguments/inferred.js';
import { actOf, normOf } from '../../arguments/layers.js';
import { channelsOfLevels, factorsOf, listText } from '../../arguments/sizes.js';
import type { NamedArguments } from '../../backbone.js';
import { descend } from '../../contracting.js';
import type { Architecture } from '../architecture.js';
import {
  type Adn,
  type ConvolutionOptions,
  convolution,
  kernelOf,
  orderingOf,
  residualUnit,
  stridesOf,
} from '../convolution.js';

const CHANNELS = [16, 32, 64, 128, 256];

/** A level is `.0`, the level below it `.1.submodule`, and the way up `.2`; the deepest is `.1.submodule` itself. */
const pathOf = (level: number): string => `model${'.1.submodule'.repeat(level)}`;

interface Unet {
  readonly units: number;
  readonly kernel: PerAxis;
  readonly upKernel: PerAxis;
  readonly bias: boolean;
  readonly adn: Adn;
}

/** A convolution, or a unit of so many with a shortcut. */
function block(x: Value, weights: Weights, out: number, net: Unet, stride: PerAxis = 1): Value {
  const { units, ...options } = net;
  return units === 0
    ? convolution(x, weights, out, { ...options, stride })
    : residualUnit(x, weights, out, { ...options, subunits: units, stride });
}

/** A transposed convolution, and behind it a residual unit of one convolution where there are such units. */
function up(x: Value, weights: Weights, out: number, net: Unet, stride: PerAxis, isTop: boolean): Value {
  const { units, kernel, upKernel, bias, adn } = net;
  const options: ConvolutionOptions = { kernel: upKernel, stride, bias, transposed: true };
  if (units === 0) return convolution(x, weights, out, { ...options, adn: isTop ? undefined : adn });
  const larger = convolution(x, weights.scope('0'), out, { ...options, adn });
  const unit = { subunits: 1, kernel, bias, adn, lastConvOnly: isTop };
  return residualUnit(larger, weights.scope('1'), out, unit);
}

function define(args: Arguments, { axes, classes }: Common): Definition {
  const channels = channelsOfLevels(args, 'channels', CHANNELS);
  if (channels.length < 2) throw args.fault(['channels'], 'two levels at least', CHANNELS);
  const strides = stridesOf(args, channels.length - 1, axes);
  const net: Unet = {
    units: args.whole('num_res_units', 0, 0, 32),
    kernel: kernelOf(args, 'kernel_size', axes),
    upKernel: kernelOf(args, 'up_kernel_size', axes),
    bias: args.flag('bias', true),
    adn: {
      ordering: orderingOf(args),
      norm: normOf(args, 'norm', 'instance'),
      act: actOf(args, 'act', 'prelu'),
    },
  };
  // It drops out in training alone.
  args.value('dropout');
  const deepest = channels.length - 1;
  return {
    multiple: factorsOf(strides, axes),
    variant: { strides: listText(strides) },
    features: (input, weights) =>
      descend(input, channels, (x, width, level) => {
        const path = weights.scope(level === deepest ? pathOf(level) : `${pathOf(level)}.0`);
        return block(x, path, width, net, level === deepest ? 1 : at(strides, level));
      }),
    logits: (features, weights) =>
      features.reduceRight((x, skip, level) => {
        const out = level === 0 ? classes : channelsOf(at(features, level - 1));
        const path = weights.scope(`${pathOf(level)}.2`);
        return up(concat([skip, x], 1), path, out, net, at(strides, level), level === 0);
      }),
  };
}

/** The first convolution of a level, below its path. */
const firstOf = (shapes: Shapes, path: string): string | undefined =>
  [`${path}.conv.weight`, `${path}.conv.unit0.conv.weight`].find((key) => shapes.has(key));

function inferred(shapes: Shapes): NamedArguments {
  const levels = countOf(shapes, (level) => firstOf(shapes, `${pathOf(level)}.0`) ?? '');
  const keys = [...Array(levels).keys()].map((level) => firstOf(shapes, `${pathOf(level)}.0`) ?? '');
  const [first = ''] = keys;
  const convolutions = [...keys, firstOf(shapes, pathOf(levels)) ?? ''];
  const channels = convolutions.map((key) => shapes.get(key)?.[0]).filter((size) => size !== undefined);
  const units = countOf(shapes, (unit) => `model.0.conv.unit${unit}.conv.weight`);
  const head = units === 0 ? shapes.get('model.2.conv.weight')?.[1] : undefined;
  const adn = first.replace(/conv\.weight$/, 'adn');
  return {
    ...(channels.length > levels && { channels }),
    ...(units > 0 && { strides: keys.map((key) => strideIn(shapes, key)) }),
    num_res_units: units,
    bias: shapes.has(first.replace(/weight$/, 'bias')),
    kernel_size: kernelIn(shapes, first),
    up_kernel_size: kernelIn(shapes, units === 0 ? 'model.2.conv.weight' : 'model.2.0.conv.weight'),
    out_channels: head ?? shapes.get('model.2.1.conv.unit0.conv.weight')?.[0],
    norm: normIn(shapes, `${adn}.N`),
    act: actIn(shapes, `${adn}.A`, 'relu'),
  };
}

/** The shortcut of a strided unit has the unit's kernel, and any other one of 1. */
function strideIn(shapes: Shapes, first: string): number {
  const shortcut = kernelIn(shapes, first.replace(/conv\.unit0\.conv\.weight$/, 'residual.weight'));
  const isPlain = shortcut === undefined || shortcut.every((size) => size === 1);
  return isPlain && kernelIn(shapes, first)?.some((size) => size > 1) ? 1 : 2;
}

/** monai.networks.nets.UNet: strided convolutions or residual units down, transposed convolutions up. */
export const UNET: Architecture = {
  className: 'UNet',
  aliases: ['Unet'],
  stems: ['model.0.conv.weight', 'model.0.conv.unit0.conv.weight'],
  required: ['spatial_dims', 'in_channels', 'out_channels', 'channels', 'strides'],
  isIn: (shapes) =>
    firstOf(shapes, 'model.0') !== undefined &&
    [`${pathOf(1)}.0`, pathOf(1)].some((path) => firstOf(shapes, path) !== undefined),
  inferred,
  define,
};
