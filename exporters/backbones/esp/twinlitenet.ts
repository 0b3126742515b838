import { at } from '../../../graph/common/at.js';
import { scope, type Value } from '../../../graph/ir/value.js';
import { sub } from '../../../graph/ops/elementwise.js';
import { matMul } from '../../../graph/ops/matmul.js';
import { reshape, reshapeTo } from '../../../graph/ops/reshape.js';
import { shapeOf } from '../../../graph/ops/shape.js';
import { sliceAxis } from '../../../graph/ops/slice.js';
import { transpose } from '../../../graph/ops/transpose.js';
import { neg, softmax } from '../../../graph/ops/unary.js';
import { add, channelsOf, concat, conv2d, convTranspose2d, module, mul } from '../../nn/layers.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import { type Backbone, networkOf, type Skip, sizeIn } from '../backbone.js';
import { active, bare, type Counts, chain, convActive, countsIn, halves, merged } from './layers.js';

/** Channels of `level1`, of the ESP blocks at a quarter and an eighth of the size, and behind them. */
type Widths = readonly [number, number, number, number];

const DILATIONS = [1, 2, 4, 8, 16];

/** Its two outputs' modules: the drivable area, then the lanes. */
const TASKS = [1, 2] as const;

/** Of the channels of keys and queries there is one for so many of the values. */
const REDUCTION = 8;

/** @param counts how many ESP blocks follow one another at a quarter and an eighth of the size */
function encode(input: Value, weights: Weights, widths: Widths, counts: Counts): readonly Value[] {
  const [first, second, third, last] = widths;
  const [half, quarter] = halves(input, weights, 3);
  const level1 = convActive(input, weights.scope('level1'), first, 3, { stride: 2 });
  const b1 = rejoin([level1, half], weights.scope('b1'));
  const level2 = levelOf(b1, weights, 'level2', second, counts[0]);
  const b2 = rejoin([level2.deep, level2.first, quarter], weights.scope('b2'));
  const level3 = levelOf(b2, weights, 'level3', third, counts[1]);
  const b3 = convActive(concat([level3.first, level3.deep], 1), weights.scope('b3'), last, 3);
  const attended = [
    convActive(attendPlaces(b3, weights.scope('sa')), weights.scope('conv_sa'), last, 3),
    convActive(attendChannels(b3, weights.scope('sc')), weights.scope('conv_sc'), last, 3),
  ] as const;
  return [b1, b2, convActive(add(...attended), weights.scope('classifier'), last, 1)];
}

/** Concatenated, and convolved to as many channels. */
function rejoin(values: readonly Value[], weights: Weights): Value {
  const joined = concat(values, 1);
  return convActive(joined, weights, channelsOf(joined), 3);
}

/** An ESP block that halves the resolution, and those behind it. */
function levelOf(x: Value, weights: Weights, name: string, out: number, count: number) {
  const reduced = weights.scope(`${name}_0`);
  const first = active(merged(pyramid(x, reduced, out, 3, 2)), reduced);
  const deep = chain(first, weights.scope(name), count, (y, inner) =>
    active(merged(pyramid(y, inner, out, 1, 1), y), inner.scope('bn')),
  );
  return { first, deep };
}

/** ESPNet's spatial pyramid: one reduction, five dilations of which each but the first is added to the one before. */
function pyramid(x: Value, weights: Weights, out: number, kernel: number, stride: number): readonly Value[] {
  const width = Math.floor(out / DILATIONS.length);
  const reduced = bare(x, weights.scope('c1'), width, kernel, { stride });
  const branches = DILATIONS.map((dilation, place) => {
    const own = place === 0 ? out - (DILATIONS.length - 1) * width : width;
    return bare(reduced, weights.scope(`d${dilation}`), own, 3, { dilation });
  });
  const sums = branches.slice(1);
  for (let place = 1; place < sums.length; place++) {
    sums[place] = add(at(sums, place - 1), at(sums, place));
  }
  return [at(branches, 0), ...sums];
}

/** Every place sees every other: position attention (Fu et al., CVPR 2019). x [N, C, H, W] */
function attendPlaces(x: Value, weights: Weights): Value {
  const channels = channelsOf(x);
  const project = (name: string, out: number) =>
    flat(conv2d(x, weights.scope(name), out, 1), weights.scope(name));
  const narrow = Math.floor(channels / REDUCTION);
  const [query, key] = [project('query_conv', narrow), project('key_conv', narrow)];
  const value = project('value_conv', channels);
  return scope(weights.path, () => {
    const weighing = softmax(matMul(transpose(query, [0, 2, 1]), key), 2);
    return weighed(matMul(value, transpose(weighing, [0, 2, 1])), x, weights);
  });
}

/** Every channel sees every other: channel attention (the same). x [N, C, H, W] */
function attendChannels(x: Value, weights: Weights): Value {
  return scope(weights.path, () => {
    const values = flat(x, weights);
    // Their code takes energies from the largest one: a softmax is blind to what is added to all.
    const weighing = softmax(neg(matMul(values, transpose(values, [0, 2, 1]))), 2);
    return weighed(matMul(weighing, values), x, weights);
  });
}

/** [N, C, H, W] -> [N, C, H * W] */
const flat = (x: Value, weights: Weights): Value =>
  scope(weights.path, () => reshape(x, [0, channelsOf(x), -1]));

const weighed = (attended: Value, x: Value, weights: Weights): Value =>
  add(mul(reshapeTo(attended, shapeOf(x)), weights.take('gamma', [1])), x);

function decode(skips: readonly Skip[], weights: Weights, task: (typeof TASKS)[number]): Value {
  const { value } = at(skips, skips.length - 1);
  const double = (x: Value, name: string, out: number) =>
    module(weights, name, (inner) =>
      active(convTranspose2d(x, inner.scope('deconv'), out, 2, { stride: 2, bias: false }), inner),
    );
  const width = channelsOf(value);
  const first = double(value, `up_1_${task}`, width / 2);
  const second = double(first, `up_2_${task}`, width / 4);
  const both = double(second, `classifier_${task}`, 2);
  return scope(`classifier_${task}`, () => sub(sliceAxis(both, 1, 1, 2), sliceAxis(both, 1, 0, 1)));
}

/**
 * TwinLiteNet (Che et al., 2023) with the keys of chequanghuy/TwinLiteNet. Its features are `b1`, `b2` and the encoder's output. Each of
 * its two outputs has two classes that exclude each other, and what a softmax gives the second of two is a sigmoid of their
 * difference: so these are two classes, drivable area and lanes, for a sigmoid.
 */
export const TwinLiteNet = {
  id: 'twinlitenet',
  stems: ['encoder.sa.gamma'],
  network(shapes: Shapes) {
    const widths: Widths = [
      sizeIn(shapes, 'encoder.level1.conv.weight', 0, 16),
      sizeIn(shapes, 'encoder.level2_0.bn.weight', 0, 64),
      sizeIn(shapes, 'encoder.level3_0.bn.weight', 0, 128),
      sizeIn(shapes, 'encoder.b3.conv.weight', 0, 32),
    ];
    const counts = countsIn(shapes, [2, 3]);
    return networkOf({
      backbone: 'twinlitenet',
      inputChannels: 3,
      features: (input, weights) => encode(input, weights.scope('encoder'), widths, counts),
      own: {
        classes: TASKS.length,
        multiple: 8,
        variant: { outputs: 'drivable area, lanes' },
        logits(skips, weights) {
          const outputs = TASKS.map((task) => decode(skips, weights, task));
          return concat(outputs, 1);
        },
      },
    });
  },
} satisfies Backbone;
