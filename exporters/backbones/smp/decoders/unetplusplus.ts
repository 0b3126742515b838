import { at } from '../../../../graph/common/at.js';
import type { Value } from '../../../../graph/ir/value.js';
import { channelsOf, module } from '../../../nn/layers.js';
import { type Architecture, channelsOfLevels, deepest } from './decoder.js';
import { block, blockOptionsOf } from './unet.js';

/**
 * `UnetPlusPlus` (Zhou et al., DLMIA 2018): `x_i_j` has level j, counted from the deepest, and begins with feature i. Where i is 0 it has
 * the decoder's channels, else those of the encoder's feature of its level: none where there is no such feature.
 */
export const UNETPLUSPLUS: Architecture = {
  className: 'UnetPlusPlus',
  isIn: (shapes) => shapes.has('decoder.blocks.x_0_0.conv1.0.weight'),
  refusal: ({ name }) => (name.startsWith('mit_b') ? `smp has no UnetPlusPlus on ${name}` : undefined),
  decoder(args, { extent }) {
    const channels = channelsOfLevels(args, extent);
    const options = blockOptionsOf(args);
    const last = extent.depth - 1;
    return {
      // smp makes a center for VGG, and does not use it.
      unused: [`blocks.x_0_${last}.attention1.`, 'center.'],
      decode(levels, weights) {
        const nodes = new Map<string, Value>();
        const known = (first: number, step: number) => nodes.get(`x_${first}_${step}`);
        for (let column = 0; column < last; column++) {
          for (let first = 0; first < last - column; first++) {
            const step = first + column;
            const skip = levels[last - step];
            const x = column === 0 ? levels[extent.depth - step] : known(first, step - 1);
            const out = first === 0 ? at(channels, step) : skip && channelsOf(skip);
            if (x === undefined || out === undefined) continue;
            const beside = Array.from({ length: column }, (_, index) => known(first + 1 + index, step));
            const joined = [...beside, skip].filter((value) => value !== undefined);
            const name = `x_${first}_${step}`;
            const node = module(weights, `blocks.${name}`, (inner) => block(x, inner, joined, out, options));
            nodes.set(name, node);
          }
        }
        const x = known(0, last - 1) ?? deepest(levels);
        return module(weights, `blocks.x_0_${last}`, (inner) =>
          block(x, inner, undefined, at(channels, last), options),
        );
      },
    };
  },
};
