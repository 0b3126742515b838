import { expect, it } from '@jest/globals';
import { sizeMultipleOf } from '../../../runtime/server/size-multiple.js';

it.each([
  ['32', 32],
  ['', 1],
  [' ', 1],
  ['0', 1],
  ['-16', 1],
  ['2.5', 1],
  ['0x20', 1],
  ['1e999', 1],
  ['Infinity', 1],
])("a size multiple of '%s' is %d", (text, wanted) => {
  expect(sizeMultipleOf(new Map([['nmode.size_multiple', text]]))).toBe(wanted);
});

it('a model that tells none takes any size', () => {
  expect(sizeMultipleOf(new Map())).toBe(1);
});
