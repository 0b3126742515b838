import { at } from '../../../../graph/common/at.js';
import { scope, type Value } from '../../../../graph/ir/value.js';
import { matMul } from '../../../../graph/ops/matmul.js';
import { reshape, reshapeTo } from '../../../../graph/ops/reshape.js';
import { shapeOf } from '../../../../graph/ops/shape.js';
import { transpose } from '../../../../graph/ops/transpose.js';
import { softmax } from '../../../../graph/ops/unary.js';
import { add, channelsOf, concat, conv2d, module, mul } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Architecture, channelsOfLevels, deepest, doubled, interpolationOf } from './decoder.js';
import { convReLU, excitation } from './layers.js';
import { normOf } from './options.js';
import { type BlockOptions, block } from './unet.js';

/**
 * Position-wise attention (Fan et al., IEEE Access 2020), as smp has it: the softmax is over all pairs of places at once, and what comes of
 * it, [N, H W, C], is read as [N, C, H, W] without a transposition.
 */
function positions(x: Value, weights: Weights, between: number): Value {
  return scope(weights.path, () => {
    const channels = channelsOf(x);
    const flat = (name: string, out: number, kernel: number) =>
      reshape(conv2d(x, weights.scope(name), out, kernel), [0, out, -1]);
    const places = (value: Value) => transpose(value, [0, 2, 1]);
    const top = flat('top_conv', between, 1);
    const center = places(flat('center_conv', between, 1));
    const bottom = places(flat('bottom_conv', channels, 3));
    const pairs = matMul(center, top);
    const map = reshapeTo(softmax(reshape(pairs, [0, -1]), 1), shapeOf(pairs));
    const attended = reshapeTo(matMul(map, bottom), shapeOf(x));
    return conv2d(add(x, attended), weights.scope('out_conv'), channels, 3);
  });
}

/** Brings x to the skip's channels, doubles it, and scales it by what the means of both say. */
function fused(x: Value, weights: Weights, skip: Value, out: number, options: BlockOptions): Value {
  const { norm, interpolation } = options;
  const channels = channelsOf(skip);
  const between = Math.max(1, Math.floor(channels / 16));
  const convolved = convReLU(x, weights.scope('hl_conv.0'), channelsOf(x), 3, norm);
  const narrow = convReLU(convolved, weights.scope('hl_conv.1'), channels, 1, norm);
  const enlarged = doubled(narrow, weights, interpolation);
  const high = excitation(enlarged, weights.scope('SE_hl'), between);
  const low = excitation(skip, weights.scope('SE_ll'), between);
  const joined = concat([mul(enlarged, add(high, low)), skip], 1);
  const first = convReLU(joined, weights.scope('conv1'), out, 3, norm);
  return convReLU(first, weights.scope('conv2'), out, 3, norm);
}

const TOP = 'decoder.center.top_conv.weight';

/** `MAnet`: position-wise attention on the deepest feature, then a block a level. */
export const MANET: Architecture = {
  className: 'MAnet',
  isIn: (shapes) => shapes.has(TOP),
  inferred: (shapes) => ({ decoder_pab_channels: shapes.get(TOP)?.[0] }),
  decoder(args, { extent }) {
    const channels = channelsOfLevels(args, extent);
    const options = { norm: normOf(args), attention: null, interpolation: interpolationOf(args) };
    const between = args.whole('decoder_pab_channels', 64);
    return {
      decode(levels, weights) {
        let x = positions(deepest(levels), weights.scope('center'), between);
        for (let step = 0; step < extent.depth; step++) {
          const level = extent.depth - 1 - step;
          const skip = level === 0 ? undefined : levels[level];
          const out = at(channels, step);
          x = module(weights, `blocks.${step}`, (inner) =>
            skip === undefined
              ? block(x, inner, undefined, out, options)
              : fused(x, inner, skip, out, options),
          );
        }
        return x;
      },
    };
  },
};
