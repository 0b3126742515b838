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

it('F(8, 3) errs little more in float32 than F(4, 3) along both axes', () => {
  // Relative to the direct convolution: along one axis F(4, 3) errs by 5e-7, along both by 1.4e-6.
  const [channels, rounds] = [64, 50];
  let [squares, sum] = [0, 0];
  const { window, input, filter, output } = F8;
  const stored = (values: readonly number[]) => [...Float32Array.from(values)];
  const [d, g] = [random('d', [rounds * channels * window]), random('g', [rounds * channels * 3])];
  for (let round = 0; round < rounds; round++) {
    const products = new Float32Array(window);
    const direct = new Float64Array(output.length);
    for (let channel = 0; channel < channels; channel++) {
      const at = round * channels + channel;
      const inputs = [...d.subarray(at * window, (at + 1) * window)].map((value) => Math.max(value, 0));
      const weights = [...g.subarray(at * 3, at * 3 + 3)];
      const factors = stored(times(input, inputs));
      for (const [k, weight] of stored(times(filter, weights)).entries()) {
        products[k] = (products[k] ?? 0) + Math.fround(weight * (factors[k] ?? 0));
      }
      for (let y = 0; y < direct.length; y++) {
        for (const [tap, weight] of weights.entries())
          direct[y] = (direct[y] ?? 0) + weight * (inputs[y + tap] ?? 0);
      }
    }
    for (const [y, value] of times(output, [...products]).entries()) {
      squares += (value - (direct[y] ?? 0)) ** 2;
      sum += (direct[y] ?? 0) ** 2;
    }
  }
  expect(Math.sqrt(squares / sum)).toBeLessThan(3e-6);
});

it('inputs are transformed by F(4, 3) as by that of Lavin and Gray', () => {
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
