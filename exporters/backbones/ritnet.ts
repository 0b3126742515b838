import type { Value } from '../../graph/ir/value.js';
import {
  activation,
  averagePool2d,
  batchNorm2d,
  concat,
  conv2d,
  module,
  upsampleNearest,
} from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, type Network, networkOf, type Skip, sizeIn, valuesOf } from './backbone.js';
import { descend, widthsIn } from './contracting.js';

interface Variant {
  readonly inputChannels: number;
  /** Channels of each level, which are the same in all. */
  readonly width: number;
  readonly levels: number;
  readonly classes: number;
}

/**
 * RITnet (Chaudhary et al., ICCVW 2019) with the keys of AayushKrChaudhary/RITnet: dense blocks `down_block1` to `down_blockL`, each but
 * the first behind an average pooling of 2; its own decoder is `up_block1` to `up_blockL-1`.
 */
function ritnet({ inputChannels, width, levels, classes }: Variant): Network {
  return networkOf({
    backbone: 'ritnet',
    inputChannels,
    features: (input, weights) =>
      descend(input, Array<number>(levels).fill(width), (x, channels, level) =>
        module(weights, `down_block${level + 1}`, (block) =>
          downBlock(level === 0 ? x : averagePool2d(x, block.scope('max_pool'), 2), block, channels),
        ),
      ),
    own: {
      classes,
      multiple: 2 ** (levels - 1),
      logits: (skips, weights) =>
        conv2d(decode(skips, weights, width), weights.scope('out_conv1'), classes, 1),
    },
  });
}

const active = (x: Value, weights: Weights) => activation('leakyRelu', x, weights.scope('relu'));

/** A 1x1 convolution to the level's channels, one of 3x3, and the activation: `name1` and `name2`. */
function narrowed(x: Value, weights: Weights, name: string, width: number): Value {
  const narrow = conv2d(x, weights.scope(`${name}1`), width, 1);
  return active(conv2d(narrow, weights.scope(`${name}2`), width, 3), weights);
}

function downBlock(x: Value, weights: Weights, width: number): Value {
  const first = active(conv2d(x, weights.scope('conv1'), width, 3), weights);
  const two = concat([x, first], 1);
  const second = narrowed(two, weights, 'conv2', width);
  const third = narrowed(concat([two, second], 1), weights, 'conv3', width);
  return batchNorm2d(third, weights.scope('bn'));
}

/** From level to level: double, join the two (skip last), two dense convolutions. */
function decode(skips: readonly Skip[], weights: Weights, width: number): Value {
  const levels = valuesOf(skips);
  return levels.reduceRight((deeper, skip, level) =>
    module(weights, `up_block${levels.length - 1 - level}`, (block) => {
      const joined = concat([upsampleNearest(deeper, block, 2), skip], 1);
      const first = narrowed(joined, block, 'conv1', width);
      return narrowed(concat([joined, first], 1), block, 'conv2', width);
    }),
  );
}

const firstWeight = (level: number) => `down_block${level + 1}.conv1.weight`;

const STANDARD = { width: 32, levels: 5 };

export const RITnet = {
  id: 'ritnet',
  stems: [firstWeight(0)],
  network: (shapes: Shapes) =>
    ritnet({
      inputChannels: sizeIn(shapes, firstWeight(0), 1, 1),
      width: sizeIn(shapes, firstWeight(0), 0, STANDARD.width),
      levels: widthsIn(shapes, firstWeight, Array<number>(STANDARD.levels).fill(STANDARD.width)).length,
      classes: sizeIn(shapes, 'out_conv1.weight', 0, 4),
    }),
  ofWidth: (width: number) => ritnet({ inputChannels: 1, classes: 4, levels: STANDARD.levels, width }),
} satisfies Backbone;
