import type { Value } from '../../../../graph/ir/value.js';
import { add, channelsOf, convTranspose2d, module, relu } from '../../../nn/layers.js';
import type { Weights } from '../../../nn/weights.js';
import { type Norm, normalized } from '../../norm.js';
import { normIn } from '../decoder-shapes.js';
import { type Architecture, deepest } from './decoder.js';
import { convReLU } from './layers.js';
import { normOf } from './options.js';

/** Channels behind the last block. */
const LAST = 32;

/** 1x1 to a quarter of the channels, doubled by a transposed convolution, 1x1. */
function block(x: Value, weights: Weights, out: number, norm: Norm): Value {
  const between = Math.floor(channelsOf(x) / 4);
  const narrow = convReLU(x, weights.scope('block.0'), between, 1, norm);
  const up = weights.scope('block.1');
  const doubled = convTranspose2d(narrow, up.scope('0'), between, 4, { stride: 2, padding: 1 });
  const active = relu(normalized(doubled, up.scope('1'), norm), up.scope('2'));
  return convReLU(active, weights.scope('block.2'), out, 1, norm);
}

/** `Linknet` (Chaurasia and Culurciello, VCIP 2017): skips are added. */
export const LINKNET: Architecture = {
  className: 'Linknet',
  isIn: (shapes) => shapes.has('decoder.blocks.0.block.0.0.weight'),
  inferred: (shapes) => ({ decoder_use_norm: normIn(shapes, 'decoder.blocks.0.block.0') }),
  refusal: ({ name }) => (name.startsWith('mit_b') ? `smp has no Linknet on ${name}` : undefined),
  decoder(args, { extent: { depth } }) {
    const norm = normOf(args);
    return {
      headKernel: 1,
      decode(levels, weights) {
        let x = deepest(levels);
        for (let step = 0; step < depth; step++) {
          const skip = step === depth - 1 ? undefined : levels[depth - 1 - step];
          // Where there is nothing to add, channels stay as they are.
          const out = step === depth - 1 ? LAST : channelsOf(skip ?? x);
          x = module(weights, `blocks.${step}`, (inner) => {
            const y = block(x, inner, out, norm);
            return skip === undefined ? y : add(y, skip);
          });
        }
        return x;
      },
    };
  },
};
