import { describe, expect, it } from '@jest/globals';
import { string } from '../../../graph/ir/attribute.js';
import type { Value } from '../../../graph/ir/value.js';
import { add, mul } from '../../../graph/ops/elementwise.js';
import { gelu, relu } from '../../../graph/ops/unary.js';
import { affineIntoConvolution } from '../../../graph/passes/affine-into-convolution.js';
import { grid, modelOf } from '../../support/graph.js';
import {
  attributed,
  convolved,
  expectHolds,
  expectRefuses,
  image,
  normalized,
  overridable,
  perChannel,
} from '../../support/rewritten.js';

const x = image('x', 2, 4, 6, 5);
const factors = perChannel(0.5, -2, 0, 3);
const shifted: Readonly<Record<string, Value>> = {
  constant: add(x, perChannel(1, 0, -2, 0.5)),
  'one constant': add(x, 0.25),
  normalisation: normalized(x, 'n'),
};
const scaled: Readonly<Record<string, Value>> = {
  factors: mul(x, factors),
  'one factor': mul(x, -0.25),
  'twice itself': add(x, x),
};
const rule = affineIntoConvolution;

describe.each(Object.entries({ ...shifted, ...scaled }))('%s', (name, before) => {
  it('moves into a convolution without padding behind it', async () => {
    for (const { rows, stride, dilation, bias } of grid({
      rows: [1, 3],
      stride: [1, 2],
      dilation: [1, 2],
      bias: [0, 1],
    })) {
      const layer = { kernel: [rows, 2], strides: [stride, 1], dilations: [1, dilation], bias: bias === 1 };
      const y = convolved(before, 'c', { channels: 3, ...layer });
      const { operators } = await expectHolds(modelOf([x], { out: y }), rule);
      expect(operators).toEqual({ Conv: 1 });
    }
  });

  it('moves into one with padding only if nothing is added', async () => {
    for (const pads of [
      [1, 1, 1, 1],
      [0, 0, 0, 1],
    ]) {
      const y = convolved(before, 'c', { channels: 3, kernel: [3, 3], pads });
      const model = modelOf([x], { out: y });
      if (name in scaled) await expectHolds(model, rule);
      else expectRefuses(model, rule);
    }
  });

  it('stays before groups, other readers, an output, and padding that is not told', () => {
    const y = convolved(before, 'c', { channels: 4 });
    expectRefuses(modelOf([x], { out: convolved(before, 'c', { channels: 4, group: 2 }) }), rule);
    expectRefuses(modelOf([x], { out: y, other: relu(before) }), rule);
    expectRefuses(modelOf([x], { out: y, before }), rule);
    expectRefuses(overridable(modelOf([x], { out: y }), 'c.weight'), rule);
    expectRefuses(modelOf([x], { out: convolved(before, 'c', { channels: 4, transposed: true }) }), rule);
    const same = attributed(modelOf([x], { out: y }), 'Conv', { auto_pad: string('SAME_UPPER') });
    if (name in shifted) expectRefuses(same, rule);
  });
});

it('a sum of two and GELU stay', () => {
  const y = image('y', 2, 4, 6, 5);
  expectRefuses(modelOf([x, y], { out: convolved(add(x, y), 'c', { channels: 3 }) }), rule);
  expectRefuses(modelOf([x], { out: convolved(gelu(x), 'c', { channels: 3 }) }), rule);
});
