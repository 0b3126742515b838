import { expect, it } from '@jest/globals';
import { divergenceOf } from '../../../../src/slimming/fitting/agreement.js';

const floats = (classes: number, ...data: number[]) => ({
  dims: [1, classes, 1, data.length / classes],
  data: Float32Array.from(data),
});

it('is that of Kullback and Leibler, of each class by itself or of all together', () => {
  const [teacher, student] = [floats(1, 0.25, 0.5), floats(1, 0.5, 0.5)];
  const wanted = (0.25 * Math.log(0.5) + 0.75 * Math.log(1.5)) / 2;
  expect(divergenceOf(student, teacher, 'sigmoid')).toBeCloseTo(wanted, 6);
  expect(divergenceOf(teacher, teacher, 'sigmoid')).toBe(0);
  // Two classes that exclude each other are one that is there or not.
  const [of, from] = [floats(2, 0.5, 0.5, 0.5, 0.5), floats(2, 0.25, 0.5, 0.75, 0.5)];
  expect(divergenceOf(of, from, 'softmax')).toBeCloseTo(wanted, 6);
  expect(divergenceOf(of, from, 'sigmoid')).toBeCloseTo(2 * wanted, 6);
});

it('is a number also where one is certain of what the other denies', () => {
  expect(divergenceOf(floats(1, 0), floats(1, 1), 'sigmoid')).toBeCloseTo(Math.log(1e7), 3);
  expect(divergenceOf(floats(1, 1), floats(1, 1), 'sigmoid')).toBe(0);
});
