import { expect, it } from '@jest/globals';
import { at, floatAt } from '../../../graph/common/at.js';

it('gives what stands at an index, zeros too', () => {
  expect(at([3, 0], 1)).toBe(0);
  expect(floatAt(Float32Array.of(0.5, 0), 1)).toBe(0);
});

it.each([-1, 2, 0.5, Number.NaN])('throws for %d of two elements instead of giving a zero', (index) => {
  expect(() => at([1, 2], index)).toThrow(new RangeError(`index ${index} of 2 elements`));
  expect(() => floatAt(new Float32Array(2), index)).toThrow(new RangeError(`index ${index} of 2 elements`));
});
