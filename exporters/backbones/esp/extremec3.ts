import { at } from '../../../graph/common/at.js';
import type { Value } from '../../../graph/ir/value.js';
import { add, batchNorm2d, channelsOf, concat, conv2d, prelu, upsampleBilinear } from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { type Backbone, networkOf, type Skip, sizeIn } from '../backbone.js';
import { active, bare, type Counts, chain, convActive, countsIn, halves, merged } from './layers.js';

/** Channels of `level1`, of a quarter of the size (two), and of the fine branch. */
type Widths = readonly [number, number, number, number];

/** The dilations of a C3 block's three branches, by where the block stands. */
const RATIOS = { down: [1, 2, 3], level2: [1, 3, 4], start3: [1, 3, 5], other: [2, 4, 8] } as const;
type Ratios = (typeof RATIOS)[keyof typeof RATIOS];

function encode(input: Value, weights: Weights, widths: Widths, counts: Counts): readonly Value[] {
  const [first, second, third, fine] = widths;
  const coarse = weights.scope('encoder');
  const [half, quarter] = halves(input, coarse, 2);
  const level1 = convActive(input, coarse.scope('level1'), first, 3, { stride: 2 });
  const b1 = active(concat([level1, half], 1), coarse.scope('b1'));
  const down = coarse.scope('level2_0');
  const start2 = active(merged(branches(b1, down, second, RATIOS.down, 2)), down);
  const level2 = chain(start2, coarse.scope('level2'), counts[0], (x, inner) =>
    block(x, inner, RATIOS.level2),
  );
  const b2 = active(concat([level2, start2, quarter], 1), coarse.scope('b2'));
  const joined = coarse.scope('level3_0');
  const start3 = active(merged(branches(b2, joined, third, RATIOS.start3)), joined.scope('bn'));
  const level3 = chain(start3, coarse.scope('level3'), counts[1], (x, inner) =>
    block(x, inner, RATIOS.other),
  );
  const b3 = active(concat([start3, level3], 1), coarse.scope('b3'));
  const details = weights.scope('Fine');
  const strided = bare(input, details.scope('0'), fine, 3, { stride: 2 });
  return [b1, block(strided, details.scope('1'), RATIOS.other), b2, b3];
}

function block(x: Value, weights: Weights, ratios: Ratios): Value {
  return active(merged(branches(x, weights, channelsOf(x), ratios), x), weights.scope('bn'));
}

/** One reduction and three branches on it. */
function branches(
  x: Value,
  weights: Weights,
  out: number,
  ratios: Ratios,
  stride?: number,
): readonly Value[] {
  const width = Math.floor(out / ratios.length);
  const reduced = bare(x, weights.scope('c1'), width, stride ? 3 : 1, stride ? { stride } : {});
  return ratios.map((ratio, place) => {
    const own = place === 0 ? out - (ratios.length - 1) * width : width;
    return concentrated(reduced, weights.scope(`d${place + 1}`).scope('conv'), own, ratio);
  });
}

/** Their concentrated-comprehensive convolution: rows and columns of as many pixels as the dilation leaves out, before it. */
function concentrated(x: Value, weights: Weights, out: number, dilation: number): Value {
  const channels = channelsOf(x);
  const deep = (y: Value, name: string, kernel: number | readonly [number, number], spread = 1) =>
    conv2d(y, weights.scope(name), channels, kernel, { groups: channels, dilation: spread, bias: false });
  const point = (y: Value, name: string) => conv2d(y, weights.scope(name), out, 1, { bias: false });
  if (dilation === 1) return point(deep(x, '0', 3), '1');
  const length = 2 * dilation - 1;
  const normalized = batchNorm2d(deep(x, '0', [length, 1]), weights.scope('1'));
  const rows = prelu(normalized, weights.scope('2'), channels);
  const columns = batchNorm2d(deep(rows, '3', [1, length]), weights.scope('4'));
  return point(deep(columns, '5', 3, dilation), '6');
}

function decode(skips: readonly Skip[], weights: Weights, classes: number): Value {
  const [fine, deepest] = [at(skips, 1).value, at(skips, 3).value];
  const double = (x: Value, place: Weights) => upsampleBilinear(x, place, 2, true);
  const up = weights.scope('upsample');
  const narrowed = conv2d(deepest, up.scope('0'), channelsOf(fine), 1, { bias: false });
  const coarse = double(batchNorm2d(narrowed, up.scope('1')), up.scope('2'));
  const head = weights.scope('classifier');
  const sum = active(add(coarse, fine), head.scope('0'));
  return conv2d(double(sum, head.scope('1')), head.scope('2'), classes, 1, { bias: false });
}

/**
 * ExtremeC3Net (Park et al., 2019) with the keys of clovaai/ext_portrait_segmentation. Its features are the fine branch's, at a half
 * of the size, and what the coarse one joins: `b1`, `b2` and `b3`.
 */
export const ExtremeC3 = {
  id: 'extremec3',
  stems: ['encoder.level2_0.d2.conv.3.weight'],
  network(shapes: Shapes) {
    const widths: Widths = [
      sizeIn(shapes, 'encoder.level1.conv.weight', 0, 24),
      sizeIn(shapes, 'encoder.level2_0.bn.weight', 0, 48),
      sizeIn(shapes, 'encoder.level3_0.bn.bn.weight', 0, 56),
      sizeIn(shapes, 'Fine.0.conv.weight', 0, 24),
    ];
    const counts = countsIn(shapes, [1, 5]);
    const classes = sizeIn(shapes, 'classifier.2.weight', 0, 1);
    return networkOf({
      backbone: 'extremec3',
      inputChannels: 3,
      features: (input, weights) => encode(input, weights, widths, counts),
      own: { classes, multiple: 4, logits: (skips, weights) => decode(skips, weights, classes) },
    });
  },
} satisfies Backbone;
