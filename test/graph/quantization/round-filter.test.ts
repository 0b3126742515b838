import { expect, it } from '@jest/globals';
import { roundFilter } from '../../../graph/quantization/round-filter.js';
import { grid } from '../../support/graph.js';
import { random } from '../../support/rewritten.js';

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

it('keeps the sum of each kernel nearly, and that of the filter to a half', () => {
  for (const { channels, kernel } of grid({ channels: [1, 3, 64], kernel: [1, 2, 9, 49] })) {
    const values = random(`${channels} of ${kernel}`, [channels * kernel]).map((value) => value * 126);
    const rounded = roundFilter(values, kernel);
    expect(Math.abs(sum(rounded) - sum(values))).toBeLessThanOrEqual(0.5 + 1e-3);
    for (let start = 0; start < values.length; start += kernel) {
      const [whole, exact] = [rounded, values].map((each) => sum(each.subarray(start, start + kernel)));
      // A half by itself, one more where the filter's sum asks for it.
      expect(Math.abs((whole ?? 0) - (exact ?? 0))).toBeLessThanOrEqual(1.5 + 1e-3);
    }
    rounded.forEach((whole, at) => {
      expect(Number.isInteger(whole)).toBe(true);
      expect(Math.abs(whole - (values[at] ?? 0))).toBeLessThan(1 + 1e-3);
    });
  }
});

it('turns those elements that were nearly rounded the other way', () => {
  expect([...roundFilter(Float32Array.of(0.5, 0.625, 0.875, 3), 4)]).toEqual([0, 1, 1, 3]);
  expect([...roundFilter(Float32Array.of(-1.25, -1.375, -1.25, 0.125), 4)]).toEqual([-1, -2, -1, 0]);
  // One of these four channels of one element: their errors are a quarter each.
  expect([...roundFilter(Float32Array.of(0.25, 0.25, 0.25, 0.25), 1)].sort()).toEqual([0, 0, 0, 1]);
  expect([...roundFilter(new Float32Array(3), 3)]).toEqual([0, 0, 0]);
});

it('never leaves what int8 holds', () => {
  const values = Float32Array.from({ length: 18 }, (_, at) => (at === 0 ? 127 : -126.6));
  for (const whole of roundFilter(values, 9)) expect(Math.abs(whole)).toBeLessThanOrEqual(127);
});

it('a crafted filter, all of which is to be turned, takes no longer than to sort it', () => {
  const count = 2 ** 20;
  // Rounded up by nearly a half each: half of them go down. By a search for each this would take hours.
  const values = new Float32Array(count).fill(0.5);
  for (const kernel of [1, count]) {
    expect(Math.abs(sum(roundFilter(values, kernel)) - count / 2)).toBeLessThanOrEqual(0.5);
  }
});
