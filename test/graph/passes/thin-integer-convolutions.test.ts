import { describe, expect, it } from '@jest/globals';
import { symbol } from '../../../graph/ir/dim.js';
import { relu } from '../../../graph/ops/unary.js';
import { thinIntegerConvolutions as rule } from '../../../graph/passes/thin-integer-convolutions.js';
import { rewrite } from '../../../graph/rewriting/rewrite.js';
import { grid, modelOf } from '../../support/graph.js';
import {
  convolved,
  expectHolds,
  expectRefuses,
  expectRefusesOthers,
  image,
} from '../../support/rewritten.js';

const x = image('x', 1, 8, 64, 66);
const same = { channels: 2, kernel: [3, 3], pads: [1, 1, 1, 1] };

it('a convolution of few channels computes four places at once, whatever its window', async () => {
  const windows = {
    rows: [1, 2, 3, 5],
    columns: [1, 3],
    channels: [1, 4],
    bias: [0, 1],
    end: [0, 1],
    late: [0, 1],
  };
  for (const { rows, columns, channels, bias, end, late } of grid(windows)) {
    const [up, left] = [late ? Math.ceil((rows - 1) / 2) : 0, Math.floor((columns - 1) / 2)];
    const pads = [up, left, rows - 1 - up, columns - 1 - left];
    const y = convolved(x, 'c', { channels, kernel: [rows, columns], pads, bias: bias === 1 });
    const model = modelOf([x], { out: end === 1 ? relu(y) : y });
    if (rows * columns === 1) expectRefuses(model, rule);
    else {
      const { operators } = await expectHolds(model, rule);
      expect(operators).toEqual({ Conv: 1, ...(end === 1 && { Relu: 1 }), DepthToSpace: 1 });
    }
  }
});

describe('sizes', () => {
  it('several images', async () => {
    const many = image('x', 3, 8, 64, 64);
    await expectHolds(modelOf([many], { out: relu(convolved(many, 'c', same)) }), rule);
  });

  it('open ones, known to be even', async () => {
    const half = image('x', 1, 8, symbol('H'), symbol('W'));
    const doubled = convolved(half, 'up', { channels: 8, kernel: [2, 2], strides: [2, 2], transposed: true });
    const model = modelOf([half], { out: convolved(doubled, 'c', same) });
    for (const [H, W] of [
      [3, 5],
      [4, 1],
    ] as const) {
      await expectHolds(model, rule, { H, W });
    }
  });

  it('odd ones, and those that may be odd', () => {
    const open = image('x', 1, 8, symbol('H'), 4);
    expectRefuses(modelOf([open], { out: convolved(open, 'c', same) }), rule);
    for (const [height, width] of [
      [65, 64],
      [64, 67],
    ] as const) {
      const taken = image('x', 1, 8, height, width);
      expectRefuses(modelOf([taken], { out: convolved(taken, 'c', same) }), rule);
    }
  });
});

it('kernels for integers get blocks of 16 places for very few channels, and of 4 for more', async () => {
  for (const [channels, height, width, side] of [
    [3, 128, 132, 4],
    [1, 128, 128, 4],
    [3, 128, 130, 2],
    [4, 128, 128, 2],
    [8, 64, 64, 2],
    [9, 128, 128, 1],
    [3, 128, 129, 1],
  ] as const) {
    const taken = image('x', 1, 8, height, width);
    const y = relu(convolved(taken, 'c', { ...same, channels }));
    const model = modelOf([taken], { out: y });
    if (side === 1) expectRefuses(model, rule);
    else {
      const held = await expectHolds(model, rule);
      expect(held.model.graph.initializers.get('c.weight')?.dims).toEqual([
        channels * side ** 2,
        8,
        side + 2,
        side + 2,
      ]);
    }
  }
});

it('weights that a block would make many stay as they are', () => {
  const taken = image('x', 1, 700, 128, 128);
  const model = modelOf([taken], { out: convolved(taken, 'c', { ...same, channels: 3 }) });
  const { graph } = rewrite(model, rule).model;
  // 1.2 million with a side of 4.
  expect(graph.initializers.get('c.weight')?.dims).toEqual([12, 700, 4, 4]);
});

it('others stay', () => {
  expectRefusesOthers(x, same, rule);
  for (const other of [{ channels: 9 }, { group: 2 }, { pads: [0, 0, 0, 0] }, { pads: [1, 1, 1, 2] }]) {
    expectRefuses(modelOf([x], { out: convolved(x, 'c', { ...same, ...other }) }), rule);
  }
  const small = image('x', 2, 8, 62, 64);
  expectRefuses(modelOf([small], { out: convolved(small, 'c', same) }), rule);
  const few = image('x', 2, 7, 64, 66);
  expectRefuses(modelOf([few], { out: convolved(few, 'c', same) }), rule);
  const model = modelOf([x], { out: convolved(x, 'c', same) });
  expectRefuses({ ...model, opsets: new Map([['', 10]]) }, rule);
});
