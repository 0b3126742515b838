import { at } from '../../graph/common/at.js';
import type { Value } from '../../graph/ir/value.js';
import { concat } from '../../graph/ops/concat.js';
import {
  add,
  channelsOf,
  conv2d,
  gelu,
  groupNorm,
  layerNorm2d,
  maxPool2d,
  module,
  upsampleBilinear,
} from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import {
  type Backbone,
  isSameScale,
  type Network,
  networkOf,
  type OwnDecoder,
  type Skip,
  sizeIn,
} from './backbone.js';
import { hadamardAttention, quarters } from './hadamard-attention.js';

/** Channels of the six encoders. */
const STANDARD = [8, 16, 24, 32, 48, 64];

/** The shallow levels have plain convolutions, those from here on attention. */
const FIRST_ATTENTION = 3;
const GROUPS = 4;
const EPSILON = 1e-6;

/** The dilations of a bridge's groups. */
const DILATIONS = [1, 2, 5, 7];

/**
 * EGE-UNet (Ruan et al., MICCAI 2023) with the keys of JCruan519/EGE-UNet. Its skips are what it calls t1 to t6, the last two
 * of one size.
 */
function egeUnet(inputChannels: number, widths: readonly number[], classes = 1): Network {
  return networkOf({
    backbone: 'egeunet',
    inputChannels,
    features: (input, weights) => encode(input, weights, widths),
    own: {
      classes,
      multiple: 32,
      activation: 'sigmoid',
      logits: (skips, weights) =>
        double(conv2d(decode(skips, weights), weights.scope('final'), classes, 1), weights),
    } satisfies OwnDecoder,
  });
}

/** Twice the resolution; corners stay where they are. */
const double = (x: Value, weights: Weights) => upsampleBilinear(x, weights, 2, true);

/** The layer between levels, which is the first of a Sequential. */
function layer(x: Value, weights: Weights, level: number, out: number): Value {
  return level < FIRST_ATTENTION
    ? conv2d(x, weights.scope('0'), out, 3)
    : hadamardAttention(x, weights.scope('0'), out);
}

/** Every level but the last is normalised and pooled. */
function encode(input: Value, weights: Weights, widths: readonly number[]): readonly Value[] {
  let x = input;
  return widths.map((width, level) => {
    x = layer(x, weights.scope(`encoder${level + 1}`), level, width);
    const norm = weights.scope(`ebn${level + 1}`);
    if (level < widths.length - 1) x = maxPool2d(groupNorm(x, norm, GROUPS), norm, 2);
    x = gelu(x, norm);
    return x;
  });
}

/** From level to level: convolve, normalise and double; a mask of that goes into the bridge, which is added. */
function decode(skips: readonly Skip[], weights: Weights): Value {
  const deepest = at(skips, skips.length - 1);
  let [x, bridged, scale] = [deepest.value, deepest.value, deepest.scale];
  for (const [step, skip] of skips.slice(0, -1).toReversed().entries()) {
    const level = skips.length - 1 - step;
    const toSkip = (value: Value) => (isSameScale(skip.scale, scale) ? value : double(value, weights));
    const width = channelsOf(skip.value);
    const norm = weights.scope(`dbn${step + 1}`);
    x = groupNorm(layer(x, weights.scope(`decoder${step + 1}`), level, width), norm, GROUPS);
    x = gelu(toSkip(x), norm);
    const mask = conv2d(x, weights.scope(`gt_conv${step + 1}.0`), 1, 1);
    bridged = module(weights, `GAB${level}`, (bridge) =>
      aggregate(toSkip(conv2d(bridged, bridge.scope('pre_project'), width, 1)), skip.value, mask, bridge),
    );
    x = add(x, bridged);
    scale = skip.scale;
  }
  return x;
}

/** A group aggregation bridge: quarters of the deeper and the shallower feature, each pair with the mask. */
function aggregate(deep: Value, shallow: Value, mask: Value, weights: Weights): Value {
  const [fromDeep, fromShallow] = [quarters(deep), quarters(shallow)];
  const groups = DILATIONS.map((dilation, index) => {
    const group = weights.scope(`g${index}`);
    const parts = concat([at(fromDeep, index), at(fromShallow, index), mask], 1);
    const joined = layerNorm2d(parts, group.scope('0'), EPSILON);
    const channels = channelsOf(joined);
    return conv2d(joined, group.scope('1'), channels, 3, { dilation, groups: channels });
  });
  const tail = weights.scope('tail_conv');
  return conv2d(
    layerNorm2d(concat(groups, 1), tail.scope('0'), EPSILON),
    tail.scope('1'),
    channelsOf(shallow),
    1,
  );
}

/** The channels of a level, of which there are whole quarters. */
function widthIn(shapes: Shapes, level: number, standard: number): number {
  const last = level < FIRST_ATTENTION ? '' : '.ldw.2';
  const width = sizeIn(shapes, `encoder${level + 1}.0${last}.weight`, 0, standard);
  return width > 0 && width % GROUPS === 0 ? width : standard;
}

const STEM = 'encoder1.0.weight';

export const EgeUNet = {
  id: 'egeunet',
  stems: [STEM],
  network: (shapes: Shapes) =>
    egeUnet(
      sizeIn(shapes, STEM, 1, 3),
      STANDARD.map((standard, level) => widthIn(shapes, level, standard)),
      sizeIn(shapes, 'final.weight', 0, 1),
    ),
} satisfies Backbone;
