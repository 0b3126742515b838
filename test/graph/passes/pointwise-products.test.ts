import { describe, expect, it } from '@jest/globals';
import { string } from '../../../graph/ir/attribute.js';
import { symbol } from '../../../graph/ir/dim.js';
import { relu } from '../../../graph/ops/unary.js';
import { pointwiseProducts } from '../../../graph/passes/pointwise-products.js';
import { grid, modelOf } from '../../support/graph.js';
import {
  attributed,
  convolved,
  expectHolds,
  expectRefuses,
  image,
  overridable,
} from '../../support/rewritten.js';

const rule = pointwiseProducts;

it('a convolution of single pixels between few channels becomes a product', async () => {
  const layers = { batch: [1, 2], from: [1, 3, 4], to: [1, 4], bias: [0, 1], end: [0, 1], rank: [1, 2, 3] };
  for (const { batch, from, to, bias, end, rank } of grid(layers)) {
    const x = image('x', batch, from, ...[5, 3, 2].slice(0, rank));
    const y = convolved(x, 'c', { channels: to, kernel: Array(rank).fill(1), bias: bias === 1 });
    const { operators } = await expectHolds(modelOf([x], { out: end === 1 ? relu(y) : y }), rule);
    expect(operators).toEqual({ Reshape: 2, MatMul: 1, ...(bias && { Add: 1 }), ...(end && { Relu: 1 }) });
  }
});

describe('it stays', () => {
  const x = image('x', 2, 4, 6, 5);

  it.each([
    { channels: 5 },
    { kernel: [1, 2] },
    { strides: [1, 2] },
    { pads: [0, 1, 0, 0] },
    { channels: 4, group: 2 },
    { transposed: true },
  ])('%j', (other) => {
    expectRefuses(modelOf([x], { out: convolved(x, 'c', { channels: 3, ...other }) }), rule);
  });

  it('where channels are many, sizes open, or weights given', () => {
    for (const taken of [image('x', 1, 5, 4, 4), image('x', 1, 3, symbol('H'), 4)]) {
      expectRefuses(modelOf([taken], { out: convolved(taken, 'c', { channels: 2 }) }), rule);
    }
    const model = modelOf([x], { out: convolved(x, 'c', { channels: 2 }) });
    expectRefuses(overridable(model, 'c.weight'), rule);
    expectRefuses(attributed(model, 'Conv', { auto_pad: string('SAME_UPPER') }), rule);
  });
});
