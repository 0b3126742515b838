import { scope, type Value } from '../../graph/ir/value.js';
import { activate } from '../nn/activations.js';
import { batchNorm2d, conv2d } from '../nn/layers.js';
import type { Weights } from '../nn/weights.js';

/** Where convolution (C), ReLU (R) and BatchNorm (B) stand: before the upsampling _ after the sum. C_R is FuseUNet's. */
export type Order = 'C_RB' | 'C_BR' | 'CR_B' | 'CB_R' | 'C_R';

/** One step's g, convolved from a skip, and its sigma. */
export interface Block {
  /** g with the weights at `weights.scope('g')` or `'g_post'`. x [N, C, H, W] -> [N, channels, H, W]. */
  g(x: Value, weights: Weights, channels: number, kernel: number): Value;
  sigma(sum: Value, weights: Weights): Value;
}

/** The R of an order. */
function relu(x: Value, weights: Weights): Value {
  return scope(weights.path, () => activate(x, weights.settings.take('blockActivation', 'relu')));
}

export const BLOCKS: Readonly<Record<Order, Block>> = {
  C_RB: {
    g: conv2d,
    sigma: (sum, weights) => batchNorm2d(relu(sum, weights.scope('0')), weights.scope('1')),
  },
  C_BR: {
    g: conv2d,
    sigma: (sum, weights) => relu(batchNorm2d(sum, weights.scope('0')), weights.scope('1')),
  },
  CR_B: {
    g: (x, weights, channels, kernel) =>
      relu(conv2d(x, weights.scope('0'), channels, kernel), weights.scope('1')),
    sigma: (sum, weights) => batchNorm2d(sum, weights.scope('0')),
  },
  CB_R: {
    g: (x, weights, channels, kernel) =>
      batchNorm2d(conv2d(x, weights.scope('0'), channels, kernel), weights.scope('1')),
    sigma: (sum, weights) => relu(sum, weights.scope('0')),
  },
  C_R: { g: conv2d, sigma: relu },
};
