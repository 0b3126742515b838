import type { Shapes } from '../../nn/weights.js';
import { AFFINE_INSTANCE, actIn, countOf, kernelIn, normIn } from '../arguments/inferred.js';
import type { NamedArguments } from '../backbone.js';
import { type Architecture, countName } from './architecture.js';

const stageOf = ({ residual }: Architecture, level: number): string =>
  residual.encoder ? `encoder.stages.${level}.blocks` : `encoder.stages.${level}.0.convs`;

/** The weight of a convolution of a stage's first block, or of the first convolution where there are no blocks. */
const weightAt = (architecture: Architecture, level: number, name = 'conv1'): string =>
  `${stageOf(architecture, level)}.0.${architecture.residual.encoder ? `${name}.` : ''}conv.weight`;

/** The first convolution of an encoder, and the module that holds it with its norm. */
export const stemOf = ({ residual }: Architecture): string =>
  residual.encoder ? 'encoder.stem.convs.0' : 'encoder.stages.0.0.convs.0';

/** Whether shapes are those of its encoder, and of its decoder where there is one of nnU-Net. */
export function isIn(architecture: Architecture, shapes: Shapes): boolean {
  const isEncoder =
    shapes.has(`${stemOf(architecture)}.conv.weight`) && shapes.has(weightAt(architecture, 1));
  const isResidual = shapes.has('decoder.stages.0.blocks.0.conv1.conv.weight');
  return isEncoder && isResidual === architecture.residual.decoder;
}

/** Whether a decoder is FuseUNet's, which has nnU-Net's PlainConvUNet for its encoder. */
export const isFuseUNet = (shapes: Shapes): boolean => shapes.has('decoder.upsamples.0.conv.weight');

/** What nnU-Net's planner takes, where shapes tell nothing. */
const STANDARD_STRIDE = 2;
const STANDARD_STAGES = 6;
const MOST_FEATURES = { 2: 512, 3: 320 };
const BLOCKS = [1, 3, 4, 6, 6, 6];
const LEAKY_RELU = ['leakyrelu', {}];

/** A network as the planner makes it. */
function standard(architecture: Architecture, axes: 2 | 3): NamedArguments {
  const levels = [...Array(STANDARD_STAGES).keys()];
  const isPlain = !architecture.residual.encoder;
  return {
    features_per_stage: levels.map((level) => Math.min(2 ** (5 + level), MOST_FEATURES[axes])),
    kernel_sizes: 3,
    strides: levels.map((level) => (level === 0 ? 1 : STANDARD_STRIDE)),
    [countName(architecture)]: isPlain ? 2 : BLOCKS,
    n_conv_per_stage_decoder: isPlain ? 2 : 1,
    conv_bias: true,
    norm_op: AFFINE_INSTANCE,
    nonlin: LEAKY_RELU,
  };
}

/** The norm by the keys of one. */
export const normAt = (shapes: Shapes, module: string): unknown =>
  shapes.has(`${module}.norm.weight`) || shapes.has(`${module}.norm.running_var`)
    ? normIn(shapes, `${module}.norm`)
    : null;

/** What shapes tell of arguments; where they are those of another network, its planner's. */
export function inferred(architecture: Architecture, shapes: Shapes, axes: 2 | 3): NamedArguments {
  if (!isIn(architecture, shapes)) return standard(architecture, axes);
  const { residual } = architecture;
  const stages = countOf(shapes, (level) => weightAt(architecture, level));
  const levels = [...Array(stages).keys()];
  const isBottleneck = shapes.has(`${stageOf(architecture, 0)}.0.conv3.conv.weight`);
  const [last, wide] = isBottleneck ? ['conv3', 'conv2'] : ['conv2', 'conv1'];
  const shapeAt = (level: number, name: string) => shapes.get(weightAt(architecture, level, name));
  const ups = levels
    .slice(1)
    .map((level) => kernelIn(shapes, `decoder.transpconvs.${stages - 1 - level}.weight`));
  const stem = stemOf(architecture);
  const counted = (path: string, isResidual: boolean) =>
    countOf(shapes, (index) => `${path}.${index}.${isResidual ? 'conv1.' : ''}conv.weight`);
  return {
    features_per_stage: levels.map((level) => shapeAt(level, last)?.[0]),
    kernel_sizes: levels.map((level) => shapeAt(level, wide)?.slice(2)),
    strides: [1, ...ups.map((stride) => stride ?? STANDARD_STRIDE)],
    [countName(architecture)]: levels.map((level) => counted(stageOf(architecture, level), residual.encoder)),
    n_conv_per_stage_decoder: levels.slice(1).map((_, step) => {
      const path = `decoder.stages.${step}.${residual.decoder ? 'blocks' : 'convs'}`;
      return counted(path, residual.decoder) || 1;
    }),
    conv_bias: shapes.has(`${stem}.conv.bias`),
    norm_op: normAt(shapes, stem),
    nonlin: actIn(shapes, `${stem}.nonlin`, LEAKY_RELU),
    ...(residual.encoder && { stem_channels: shapes.get(`${stem}.conv.weight`)?.[0] }),
    ...(isBottleneck && {
      block: 'BottleneckD',
      bottleneck_channels: levels.map((level) => shapeAt(level, 'conv1')?.[0]),
    }),
  };
}
