import { at } from '../../../graph/common/at.js';
import { convNd, convTransposeNd } from '../../nn/convolution.js';
import { channelsOf, concat } from '../../nn/layers.js';
import { type Arguments, isWhole } from '../arguments/arguments.js';
import type { Common, Definition } from '../arguments/definition.js';
import { actOf, normOf } from '../arguments/layers.js';
import {
  channelsOfLevels,
  factorsOf,
  isOddPerAxis,
  isPerAxis,
  listText,
  sizesText,
} from '../arguments/sizes.js';
import { descend } from '../contracting.js';
import { type Layers, plainStage, residualStage } from './blocks.js';

/** A class of dynamic_network_architectures. */
export interface Architecture {
  readonly className: string;
  /** Whether its stages are residual blocks, on the way down and on the way up. */
  readonly residual: { readonly encoder: boolean; readonly decoder: boolean };
}

export const ARCHITECTURES: readonly Architecture[] = [
  { className: 'PlainConvUNet', residual: { encoder: false, decoder: false } },
  { className: 'ResidualEncoderUNet', residual: { encoder: true, decoder: false } },
  { className: 'ResidualUNet', residual: { encoder: true, decoder: true } },
];

/** The argument that counts convolutions, or blocks, of an encoder's stages. */
export const countName = ({ residual }: Architecture): string =>
  residual.encoder ? 'n_blocks_per_stage' : 'n_conv_per_stage';

/** Arguments without a default. */
export const requiredOf = (architecture: Architecture): readonly string[] => [
  ...['features_per_stage', 'conv_op', 'kernel_sizes', 'strides', countName(architecture)],
  'n_conv_per_stage_decoder',
];

/** A value of all stages, or one for each. */
function perStage<T>(
  args: Arguments,
  name: string,
  isOne: (value: unknown) => value is T,
  expected: string,
  stages: number,
): readonly T[] {
  const value = args.value(name);
  if (isOne(value)) return Array<T>(stages).fill(value);
  return args.list<T>(name, [], isOne, expected, stages);
}

/** No stage has more convolutions or blocks. */
const MOST_COUNT = 64;
const COUNT = `a whole number from 1 to ${MOST_COUNT}`;

const isCount = (value: unknown): value is number => isWhole(value, 1, MOST_COUNT);

/** Channels between the 1x1 convolutions of a stage's blocks. */
function betweenOf(args: Arguments, stages: number): readonly (number | undefined)[] {
  const block = String(args.value('block') ?? 'BasicBlockD');
  const channels = args.value('bottleneck_channels');
  if (/(^|\.)BasicBlockD$/.test(block)) return Array(stages).fill(undefined);
  if (!/(^|\.)BottleneckD$/.test(block)) throw args.fault(['block'], 'BasicBlockD or BottleneckD');
  return typeof channels === 'number'
    ? Array<number>(stages).fill(args.whole('bottleneck_channels', 0))
    : channelsOfLevels(args, 'bottleneck_channels', [], stages);
}

/** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for arguments that the class could not have been called with */
export function define(architecture: Architecture, args: Arguments, { axes, classes }: Common): Definition {
  const { residual } = architecture;
  const sizes = sizesText(axes);
  const features = channelsOfLevels(args, 'features_per_stage', []);
  const stages = args.whole('n_stages', features.length, 2, 64);
  if (features.length !== stages)
    throw args.fault(['features_per_stage'], `${stages} of them, one for each stage`);
  const kernels = perStage(args, 'kernel_sizes', isOddPerAxis(axes), `odd, ${sizes}`, stages);
  const strides = args.list('strides', [], isPerAxis(axes), sizes, stages);
  if (factorsOf(strides.slice(0, 1), axes).some((factor) => factor !== 1)) {
    throw args.fault(['strides'], 'a first one of 1, so that classes are as large as the image');
  }
  const counts = perStage(args, countName(architecture), isCount, COUNT, stages);
  const name = 'n_conv_per_stage_decoder';
  const upCounts = perStage(args, name, isCount, COUNT, stages - 1);
  const between = residual.encoder ? betweenOf(args, stages) : [];
  const stem = residual.encoder ? args.whole('stem_channels', at(features, 0)) : 0;
  const layers: Layers = {
    bias: args.flag('conv_bias', false),
    norm: normOf(args, 'norm_op', undefined),
    act: actOf(args, 'nonlin', undefined),
    actFirst: !residual.encoder && args.flag('nonlin_first', false),
  };
  // What counts in training alone, and what is told otherwise.
  for (const idle of ['dropout_op', 'dropout_op_kwargs', 'deep_supervision', 'conv_op']) args.value(idle);
  const encoderStage = residual.encoder ? residualStage : plainStage;
  const decoderStage = residual.decoder ? residualStage : plainStage;
  const isUnused = new RegExp(`^decoder\\.(encoder\\.|seg_layers\\.(?!${stages - 2}\\.))|\\.all_modules\\.`);
  return {
    multiple: factorsOf(strides, axes),
    variant: { kernel_sizes: listText(kernels), strides: listText(strides) },
    isSpare: (key) => isUnused.test(key),
    features(input, weights) {
      const encoder = weights.scope('encoder');
      const first = { count: 1, out: stem, kernel: at(kernels, 0) };
      const start = residual.encoder ? plainStage(input, encoder.scope('stem'), layers, first) : input;
      return descend(start, features, (x, out, level) => {
        // A plain stage is a Sequential of one module.
        const own = encoder.scope(`stages.${level}${residual.encoder ? '' : '.0'}`);
        const [count, kernel, stride] = [at(counts, level), at(kernels, level), at(strides, level)];
        return encoderStage(x, own, layers, { count, out, kernel, stride, between: between[level] });
      });
    },
    logits(skips, weights) {
      const decoder = weights.scope('decoder');
      const last = skips.reduceRight((x, skip, level) => {
        const [step, out, stride] = [stages - 2 - level, channelsOf(skip), at(strides, level + 1)];
        const up = decoder.scope(`transpconvs.${step}`);
        const larger = convTransposeNd(x, up, out, stride, { stride, bias: layers.bias });
        const stage = { count: at(upCounts, step), out, kernel: at(kernels, level) };
        return decoderStage(concat([larger, skip], 1), decoder.scope(`stages.${step}`), layers, stage);
      });
      return convNd(last, decoder.scope(`seg_layers.${stages - 2}`), classes, 1);
    },
  };
}
