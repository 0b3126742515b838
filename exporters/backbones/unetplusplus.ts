import { at } from '../../graph/common/at.js';
import type { Value } from '../../graph/ir/value.js';
import { channelsOf, concat, conv2d, convNormRelu, module, upsampleBilinear } from '../nn/layers.js';
import type { Shapes, Weights } from '../nn/weights.js';
import { type Backbone, type Network, networkOf, sizeIn, valuesOf } from './backbone.js';
import { contract, doublingWidths, widthsIn } from './contracting.js';

/** How its last level becomes logits: by one convolution, or, with deep supervision, by the last of several; `plain` for U-Net's. */
type Supervision = 'final' | 'deep' | 'plain';

/**
 * U-Net++ (Zhou et al., DLMIA 2018) with the keys of 4uiiurz1/pytorch-nested-unet: `convI_J` has level I and is J steps behind
 * the encoder, whose own are `convI_0`.
 * @param widths channels of the levels, shallow to deep
 */
function unetPlusPlus(
  inputChannels: number,
  widths: readonly number[],
  supervision: Supervision = 'final',
  classes = 1,
): Network {
  const last = supervision === 'deep' ? `final${widths.length - 1}` : 'final';
  const joined = supervision === 'plain' ? straight : nested;
  return networkOf({
    backbone: 'unetplusplus',
    inputChannels,
    features: (input, weights) =>
      contract(
        input,
        () => weights.scope('pool'),
        widths,
        (x, level, width) => twoConvolutions(x, weights.scope(`conv${level}_0`), width),
      ),
    own: {
      classes,
      multiple: 2 ** (widths.length - 1),
      variant: { supervision },
      logits: (skips, weights) => conv2d(joined(valuesOf(skips), weights), weights.scope(last), classes, 1),
    },
    // The shallower outputs serve training only.
    ignoredPrefixes: widths.slice(2).map((_, index) => `final${index + 1}.`),
  });
}

/** Every node joins those before it on its level and the one below, doubled; each column is one level shorter. */
function nested(levels: readonly Value[], weights: Weights): Value {
  let column = levels;
  const rows = column.map((value) => [value]);
  for (let step = 1; column.length > 1; step++) {
    column = column.slice(1).map((deeper, level) => {
      const row = at(rows, level);
      const node = module(weights, `conv${level}_${step}`, (inner) => {
        const joined = concat([...row, upsampleBilinear(deeper, inner, 2, true)], 1);
        return twoConvolutions(joined, inner, channelsOf(at(row, 0)));
      });
      row.push(node);
      return node;
    });
  }
  return at(column, 0);
}

/** The decoder of the U-Net beside it: the last node of each level alone. */
function straight(levels: readonly Value[], weights: Weights): Value {
  return levels.reduceRight((deeper, skip, level) =>
    module(weights, `conv${level}_${levels.length - 1 - level}`, (inner) => {
      const joined = concat([skip, upsampleBilinear(deeper, inner, 2, true)], 1);
      return twoConvolutions(joined, inner, channelsOf(skip));
    }),
  );
}

function twoConvolutions(x: Value, weights: Weights, width: number): Value {
  const first = convNormRelu(x, weights, width, ['conv1', 'bn1', 'act_func']);
  return convNormRelu(first, weights, width, ['conv2', 'bn2', 'act_func']);
}

const convWeight = (level: number) => `conv${level}_0.conv1.weight`;

export const UNetPlusPlus = {
  id: 'unetplusplus',
  stems: [convWeight(0)],
  network(shapes: Shapes) {
    const widths = widthsIn(shapes, convWeight, doublingWidths(32));
    const deep = `final${widths.length - 1}`;
    const isPlain = widths.length > 2 && shapes.has('final.weight') && !shapes.has('conv0_1.conv1.weight');
    const supervision = shapes.has(`${deep}.weight`) ? 'deep' : isPlain ? 'plain' : 'final';
    return unetPlusPlus(
      sizeIn(shapes, convWeight(0), 1, 3),
      widths,
      supervision,
      sizeIn(shapes, `${supervision === 'deep' ? deep : 'final'}.weight`, 0, 1),
    );
  },
  ofWidth: (width: number) => unetPlusPlus(3, doublingWidths(width)),
} satisfies Backbone;
