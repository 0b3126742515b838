import { describe, expect, it } from '@jest/globals';
import { float32Tensor, float32Values } from '../../../graph/ir/tensor.js';
import {
  activationParameters,
  quantizedBias,
  quantizedWeight,
} from '../../../graph/quantization/parameters.js';

describe('uint8 of activations', () => {
  it.each([
    [0, 6],
    [-1, 1],
    [-3, 0],
    [2, 5],
    [-5, -2],
    [0, 0],
    [-1e-30, 1e-30],
    [-1e30, 3e30],
    // Zero is at 31.75 steps.
    [-0.249, 1.751],
  ])('of %d to %d meets zero exactly and loses half a step at most', (min, max) => {
    const { scale, zeroPoint } = activationParameters({ min, max });
    const step = float32Values(scale.constant ?? float32Tensor([], []))[0] ?? 0;
    const zero = zeroPoint.constant?.bytes()[0] ?? -1;
    expect(step).toBeGreaterThan(0);
    const roundTrip = (value: number) =>
      (Math.min(255, Math.max(0, Math.round(value / step) + zero)) - zero) * step;
    expect(roundTrip(0)).toBe(0);
    for (const value of [min, max, (min + max) / 2]) {
      expect(Math.abs(roundTrip(value) - value)).toBeLessThanOrEqual((step / 2) * 1.0001);
    }
  });
});

describe('int8 of weights', () => {
  it('has a scale for each channel, and none is cut off', () => {
    const weight = float32Tensor([3, 1, 1, 2], [1, -2, 100, 50, 0, 0]);
    const { values, scales } = quantizedWeight(weight);
    expect([...new Int8Array(values.bytes().buffer)]).toEqual([64, -127, 127, 64, 0, 0]);
    expect([...scales]).toEqual([Math.fround(2 / 127), Math.fround(100 / 127), 2 ** -64]);
  });

  it.each([0, 1e-45, 1e-30, 1e-12, 1e-8, 1])('a bias beside weights of %d keeps its value', (size) => {
    const weight = float32Tensor([2, 1, 1, 3], [size, -size, size / 3, size, size, -size]);
    const tensor = float32Tensor([2], [0.5, -0.009]);
    const { values, scales } = quantizedWeight(weight, { tensor, inputScale: 0.02 });
    const units = new Int32Array(
      quantizedBias(
        tensor,
        scales.map((scale) => 0.02 * scale),
      ).bytes().buffer,
    );
    const kept = [...units].map((unit, at) => unit * 0.02 * (scales[at] ?? 0));
    [0.5, -0.009].forEach((wanted, at) => {
      const unit = 0.02 * (scales[at] ?? 0);
      expect(Math.abs((kept[at] ?? 0) - wanted)).toBeLessThanOrEqual(unit / 2 + 1e-9);
    });
    for (const whole of new Int8Array(values.bytes().buffer))
      expect(Math.abs(whole)).toBeLessThanOrEqual(127);
  });

  it('a bias is rounded to the unit of the sums, and saturates', () => {
    const bias = float32Tensor([4], [1, -0.5, 1e30, 0.2]);
    const { bytes } = quantizedBias(bias, Float32Array.of(0.25, 0.125, 1e-9, 0.125));
    expect([...new Int32Array(bytes().buffer)]).toEqual([4, -4, 2 ** 31 - 1, 2]);
  });
});
