import { describe, expect, it } from '@jest/globals';
import { parseDecimal } from '../../../graph/common/decimal.js';

describe('a number in decimal notation', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1e-1', 0.1],
    ['2E+3', 2000],
  ])('%j is %d', (text, value) => expect(parseDecimal(text)).toBe(value));

  it.each([
    ...['', ' ', ' 1', '1 ', '1\n', '+0.5', '--1', '1,5', '1_000', '.', 'e5', '1e', '1e5.5'],
    ...['0x1', '0b1', '0o7', '1n', 'Infinity', '-Infinity', 'NaN', '1e999', '١'],
  ])('%j is none', (text) => expect(parseDecimal(text)).toBeUndefined());
});
