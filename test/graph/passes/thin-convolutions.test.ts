import { describe, expect, it } from '@jest/globals';
import { symbol } from '../../../graph/ir/dim.js';
import { conv } from '../../../graph/ops/conv.js';
import { relu } from '../../../graph/ops/unary.js';
import {
  thinConvolutions as rule,
  thinConvolutionsOfValues,
} from '../../../graph/passes/thin-convolutions.js';
import { grid, modelOf } from '../../support/graph.js';
import {
  convolved,
  expectHolds,
  expectRefuses,
  expectRefusesOthers,
  image,
} from '../../support/rewritten.js';

const x = image('x', 1, 32, 98, 100);
const same = { channels: 3, kernel: [3, 3], pads: [1, 1, 1, 1] };

it('a convolution of few channels is a sum of rows, whatever its window', async () => {
  const windows = [
    [2, 3],
    [3, 3],
    [5, 3],
    [3, 5],
  ];
  for (const { window, channels, late, bias, end } of grid({
    window: [0, 1, 2, 3],
    channels: [1, 3, 5],
    late: [0, 1],
    bias: [0, 1],
    end: [0, 1],
  })) {
    // Padding need not keep the size.
    const pads = [late, 1, 2, late];
    const kernel = windows[window] ?? [];
    const y = convolved(x, 'c', { channels, kernel, pads, bias: bias === 1 });
    const { operators } = await expectHolds(modelOf([x], { out: end === 1 ? relu(y) : y }), rule);
    expect(operators).toEqual({ Conv: 2, ...(end === 1 && { Relu: 1 }) });
  }
});

it('the two weigh what one did', async () => {
  const { model } = await expectHolds(modelOf([x], { out: convolved(x, 'c', same) }), rule);
  const dims = [...model.graph.initializers.values()].map((tensor) => tensor.dims);
  expect(dims).toContainEqual([9, 32, 1, 3]);
  expect(dims).toContainEqual([3, 9, 3, 1]);
});

describe('sizes', () => {
  it('several images', async () => {
    const many = image('x', 3, 64, 50, 49);
    await expectHolds(modelOf([many], { out: relu(convolved(many, 'c', same)) }), rule);
  });

  it('open ones', async () => {
    const open = image('x', symbol('N'), 8, symbol('H'), symbol('W'));
    const model = modelOf([open], { out: convolved(open, 'c', same) });
    for (const [N, H, W] of [
      [1, 3, 5],
      [2, 4, 1],
    ] as const) {
      await expectHolds(model, rule, { N, H, W });
    }
  });
});

it('6 to 10 outputs, whose rows fill 32 channels, where more is saved than the sums take, and no more outputs', async () => {
  const taken = image('x', 1, 64, 98, 100);
  const model = (channels: number) => modelOf([taken], { out: convolved(taken, 'c', { ...same, channels }) });
  for (const channels of [6, 8, 10]) await expectHolds(model(channels), rule);
  for (const channels of [11, 17, 33]) expectRefuses(model(channels), rule);
  // 8 % of much.
  const large = image('x', 1, 40, 200, 200);
  expectRefuses(modelOf([large], { out: convolved(large, 'c', { ...same, channels: 10 }) }), rule);
});

it('is done once: its parts stay', async () => {
  const { model } = await expectHolds(modelOf([x], { out: convolved(x, 'c', same) }), rule);
  expectRefuses(model, rule);
});

it('others stay', () => {
  expectRefusesOthers(x, same, rule);
  for (const other of [
    { channels: 16 },
    { channels: 4, group: 2 },
    { kernel: [1, 3], pads: [0, 1, 0, 1] },
    { transposed: true },
  ]) {
    expectRefuses(modelOf([x], { out: convolved(x, 'c', { ...same, ...other }) }), rule);
  }
  const small = image('x', 2, 32, 50, 60);
  expectRefuses(modelOf([small], { out: convolved(small, 'c', same) }), rule);
});

describe('weights that are computed', () => {
  const many = image('x', 8, 16, 32, 36);
  const bias = image('b', 3);
  const learnt = (height: number, width: number, attributes: Parameters<typeof conv>[3]) => {
    const weight = image('w', 3, 16, height, width);
    return modelOf([many, weight, bias], { out: conv(many, weight, bias, attributes) });
  };

  it('the same sum of rows, of a batch of images however small each is', async () => {
    for (const [height, width] of [
      [3, 3],
      [5, 3],
      [3, 5],
    ] as const) {
      const model = learnt(height, width, { pads: [1, 0, 2, 1] });
      const { operators } = await expectHolds(model, thinConvolutionsOfValues);
      expect(operators).toEqual({ Transpose: 1, Reshape: 1, Conv: 2 });
    }
  });

  it('others stay, and those of constant weights', () => {
    expectRefuses(learnt(1, 3, { pads: [0, 1, 0, 1] }), thinConvolutionsOfValues);
    expectRefuses(learnt(3, 3, { strides: [2, 2] }), thinConvolutionsOfValues);
    expectRefuses(learnt(3, 3, { dilations: [2, 2] }), thinConvolutionsOfValues);
    expectRefuses(modelOf([x], { out: convolved(x, 'c', same) }), thinConvolutionsOfValues);
  });
});
