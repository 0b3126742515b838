import { expect, it } from '@jest/globals';
import { F4, F8, type Matrix } from '../../../../graph/passes/winograd/transforms.js';
import { random } from '../../../support/rewritten.js';

const times = (matrix: Matrix, vector: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0));

it.each([
  ['F(4, 3)', F4],
  ['F(8, 3)', F8],
])('%s filters, in double', (_, { tile, window, input, filter, output, one }) => {
  const inputs = [...random('d', [window])];
  const weights = [...random('g', [3])];
  const factors = times(input, inputs);
  const products = times(filter, weights).map((weight, at) => weight * (factors[at] ?? 0));
  for (const [at, y] of times(output, products).entries()) {
    const direct = weights.reduce((sum, weight, tap) => sum + weight * (inputs[at + tap] ?? 0), 0);
    expect(y).toBeCloseTo(direct, 12);
  }
  expect(output.map((row) => row[one])).toEqual(Array(tile).fill(1));
});

it('F(4, 3) is that of Lavin and Gray', () => {
  expect(F4.input).toEqual([
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
  ]);
});

it('transforms of images round nothing when they are stored', () => {
  for (const value of [F4, F8].flatMap(({ input, output }) => [...input, ...output].flat())) {
    expect(Math.fround(value)).toBe(value);
  }
});
