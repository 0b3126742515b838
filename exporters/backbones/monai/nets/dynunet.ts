import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import { convNd, convTransposeNd, eachAxis, type PerAxis } from '../../../nn/convolution.js';
import { add, channelsOf, concat } from '../../../nn/layers.js';
import type { Shapes, Weights } from '../../../nn/weights.js';
import type { Arguments } from '../../arguments/arguments.js';
import type { Common, Definition } from '../../arguments/definition.js';
import { AFFINE_INSTANCE, actIn, countOf, kernelIn, normIn } from '../../arguments/inferred.js';
import { actOf, type Following, normOf } from '../../arguments/layers.js';
import { channelsOfLevels, factorsOf, isPerAxis, listText, sizesText } from '../../arguments/sizes.js';
import type { NamedArguments } from '../../backbone.js';
import { descend } from '../../contracting.js';
import type { Architecture } from '../architecture.js';

const ACT = ['leakyrelu', { negative_slope: 0.01 }];

interface Block extends Following {
  readonly residual: boolean;
}

/** `name.conv`, padded so that the size is divided by the stride. */
function conv(x: Value, weights: Weights, out: number, kernel: PerAxis, stride: PerAxis): Value {
  const strides = eachAxis(stride, x, weights);
  const padding = eachAxis(kernel, x, weights).map((size, axis) =>
    Math.floor((size - at(strides, axis) + 1) / 2),
  );
  return convNd(x, weights.scope('conv'), out, kernel, { stride, padding, bias: false });
}

/** UnetBasicBlock, or UnetResBlock with a shortcut (`conv3`, `norm3`) where the shape changes. */
function block(
  x: Value,
  weights: Weights,
  out: number,
  { norm, act, residual }: Block,
  kernel: PerAxis,
  stride: PerAxis = 1,
): Value {
  const normalized = (value: Value, name: string) => norm(value, weights.scope(name));
  const activated = (value: Value) => act(value, weights.scope('lrelu'));
  const first = activated(normalized(conv(x, weights.scope('conv1'), out, kernel, stride), 'norm1'));
  const second = normalized(conv(first, weights.scope('conv2'), out, kernel, 1), 'norm2');
  if (!residual) return activated(second);
  const changes = channelsOf(x) !== out || eachAxis(stride, x, weights).some((step) => step !== 1);
  const shortcut = changes ? normalized(conv(x, weights.scope('conv3'), out, 1, stride), 'norm3') : x;
  return activated(add(second, shortcut));
}

const standardFilters = (levels: number, axes: number): readonly number[] =>
  Array.from({ length: levels }, (_, level) => Math.min(2 ** (5 + level), axes === 3 ? 320 : 512));

/** What a level is called, of so many. */
function pathOf(level: number, levels: number): string {
  if (level === 0) return 'input_block';
  return level === levels - 1 ? 'bottleneck' : `downsamples.${level - 1}`;
}

const STANDARD_STRIDES = [1, 2, 2, 2, 2];
const LEAST_LEVELS = 3;

function define(args: Arguments, { axes, classes }: Common): Definition {
  const sizes = sizesText(axes);
  const strides = args.list<PerAxis>('strides', STANDARD_STRIDES, isPerAxis(axes), sizes);
  const levels = strides.length;
  if (levels < LEAST_LEVELS) throw args.fault(['strides'], 'three levels at least');
  const each = (name: string, otherwise: PerAxis[], count: number) =>
    args.list<PerAxis>(name, otherwise, isPerAxis(axes), sizes, count);
  const kernels = each('kernel_size', Array(levels).fill(3), levels);
  const upKernels = each('upsample_kernel_size', strides.slice(1), levels - 1);
  const filters = channelsOfLevels(args, 'filters', standardFilters(levels, axes));
  if (filters.length < levels) throw args.fault(['filters'], `${levels} of them, one for each of 'strides'`);
  const net: Block = {
    norm: normOf(args, 'norm_name', AFFINE_INSTANCE),
    act: actOf(args, 'act_name', ACT),
    residual: args.flag('res_block', false),
  };
  const bias = args.flag('trans_bias', false);
  checkSteps(args, kernels, strides, axes);
  checkEnlarging(args, upKernels, strides, axes);
  // What counts in training alone.
  for (const name of ['dropout', 'deep_supervision', 'deep_supr_num']) args.value(name);
  return {
    multiple: factorsOf(strides, axes),
    variant: { kernel_size: listText(kernels), strides: listText(strides) },
    // Every weight stands a second time below skip_layers.
    isSpare: (key) => /^(skip_layers|deep_supervision_heads)\./.test(key),
    features: (input, weights) =>
      descend(input, strides, (x, stride, level) => {
        const path = weights.scope(pathOf(level, levels));
        return block(x, path, at(filters, level), net, at(kernels, level), stride);
      }),
    logits(features, weights) {
      const last = features.reduceRight((x, skip, level) => {
        const up = weights.scope(`upsamples.${levels - 2 - level}`);
        const [out, stride] = [channelsOf(skip), at(upKernels, level)];
        const larger = convTransposeNd(x, up.scope('transp_conv.conv'), out, stride, { stride, bias });
        const joined = concat([larger, skip], 1);
        const plain = { ...net, residual: false };
        return block(joined, up.scope('conv_block'), out, plain, at(kernels, level + 1));
      });
      return convNd(last, weights.scope('output_block.conv.conv'), classes, 1);
    },
  };
}

const textOf = (size: PerAxis) => listText([size]);

/** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for a kernel that leaves places between its steps out, as in MONAI */
function checkSteps(
  args: Arguments,
  kernels: readonly PerAxis[],
  strides: readonly PerAxis[],
  axes: number,
): void {
  const level = kernels.findIndex((kernel, index) => {
    const [sizes, steps] = [factorsOf([kernel], axes), factorsOf([at(strides, index)], axes)];
    return sizes.some((size, axis) => size - at(steps, axis) + 1 < 0);
  });
  if (level < 0) return;
  throw args.fault(
    ['kernel_size'],
    `a kernel of the stride less 1 at least, which at level ${level} is ${textOf(at(strides, level))}`,
  );
}

/** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for a way up that does not lead back to the sizes of the way down */
function checkEnlarging(
  args: Arguments,
  upKernels: readonly PerAxis[],
  strides: readonly PerAxis[],
  axes: number,
): void {
  const level = upKernels.findIndex(
    (kernel, index) => factorsOf([kernel], axes).join() !== factorsOf([at(strides, index + 1)], axes).join(),
  );
  if (level < 0) return;
  throw args.fault(
    ['upsample_kernel_size'],
    `the strides but the first, so that levels meet: at level ${level} ${textOf(at(strides, level + 1))}`,
  );
}

const FIRST = 'input_block.conv1.conv.weight';
const DEEPEST = 'bottleneck.conv1.conv.weight';

function inferred(shapes: Shapes): NamedArguments {
  const between = countOf(shapes, (index) => `downsamples.${index}.conv1.conv.weight`);
  const levels = between + 2;
  const first = (level: number) => `${pathOf(level, levels)}.conv1.conv.weight`;
  const numbers = [...Array(levels).keys()];
  const ups = numbers.slice(1).map((level) => {
    return kernelIn(shapes, `upsamples.${levels - 1 - level}.transp_conv.conv.weight`) ?? 2;
  });
  return {
    filters: numbers.map((level) => shapes.get(first(level))?.[0]),
    kernel_size: numbers.map((level) => kernelIn(shapes, first(level))),
    strides: [1, ...ups],
    norm_name: normIn(shapes, 'input_block.norm1'),
    act_name: actIn(shapes, 'input_block.lrelu', ACT),
    res_block: [...shapes.keys()].some((key) =>
      /^(input_block|downsamples\.\d+|bottleneck)\.conv3\./.test(key),
    ),
    trans_bias: shapes.has('upsamples.0.transp_conv.conv.bias'),
    out_channels: shapes.get('output_block.conv.conv.weight')?.[0],
  };
}

/** monai.networks.nets.DynUNet: nnU-Net's network with kernels and strides of one's own. */
export const DYNUNET: Architecture = {
  className: 'DynUNet',
  aliases: ['DynUnet', 'Dynunet'],
  stems: [FIRST],
  required: ['spatial_dims', 'in_channels', 'out_channels', 'kernel_size', 'strides', 'upsample_kernel_size'],
  isIn: (shapes) => shapes.has(FIRST) && shapes.has(DEEPEST),
  inferred,
  define,
};
