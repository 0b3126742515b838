import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import { channelsOf, concat, module } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import type { Arguments } from '../../arguments/arguments.js';
import type { Norm } from '../../norm.js';
import {
  type Architecture,
  channelsOfLevels,
  deepest,
  doubled,
  type Interpolation,
  interpolationOf,
} from './decoder.js';
import { type Attention, attended, convReLU } from './layers.js';
import { attentionOf, normOf } from './options.js';

/** How the blocks of a decoder are made. */
export interface BlockOptions {
  readonly norm: Norm;
  readonly attention: Attention;
  readonly interpolation: Interpolation;
}

export const blockOptionsOf = (args: Arguments): BlockOptions => ({
  norm: normOf(args),
  attention: attentionOf(args),
  interpolation: interpolationOf(args),
});

/** Doubles, joins what it is given of that resolution, and convolves twice. */
export function block(
  x: Value,
  weights: Weights,
  joined: readonly Value[] | undefined,
  out: number,
  { norm, attention, interpolation }: BlockOptions,
): Value {
  const enlarged = doubled(x, weights, interpolation);
  const whole = joined?.length ? concat([enlarged, ...joined], 1) : enlarged;
  const taken = joined === undefined ? whole : attended(whole, weights.scope('attention1'), attention);
  const first = convReLU(taken, weights.scope('conv1'), out, 3, norm);
  const second = convReLU(first, weights.scope('conv2'), out, 3, norm);
  return attended(second, weights.scope('attention2'), attention);
}

/** Two convolutions on the deepest feature. */
function center(x: Value, weights: Weights, norm: Norm): Value {
  const channels = channelsOf(x);
  const first = convReLU(x, weights.scope('center.0'), channels, 3, norm);
  return convReLU(first, weights.scope('center.1'), channels, 3, norm);
}

/** Whether smp puts two convolutions before the decoder's blocks. */
const hasCenter = (encoderName: string): boolean => encoderName.startsWith('vgg');

/** `Unet`: a block a level, from deep to shallow; the last, at the image's resolution, joins nothing. */
export const UNET: Architecture = {
  className: 'Unet',
  isIn: (shapes) =>
    shapes.has('decoder.blocks.0.conv1.0.weight') && !shapes.has('decoder.center.top_conv.weight'),
  decoder(args, { encoderName, extent }) {
    const channels = channelsOfLevels(args, extent);
    const options = blockOptionsOf(args);
    return {
      // It is made for what the last block would join.
      unused: [`blocks.${extent.depth - 1}.attention1.`],
      decode(levels, weights) {
        const head = deepest(levels);
        let x = hasCenter(encoderName) ? center(head, weights, options.norm) : head;
        for (let step = 0; step < extent.depth; step++) {
          const level = extent.depth - 1 - step;
          const skip = levels[level];
          const joined = level === 0 ? undefined : skip === undefined ? [] : [skip];
          x = module(weights, `blocks.${step}`, (inner) =>
            block(x, inner, joined, at(channels, step), options),
          );
        }
        return x;
      },
    };
  },
};
