import { describe, expect, it } from '@jest/globals';
import { limitsOf } from '../../src/api/serve-limits.js';
import {
  megabytesUpTo,
  parseCount,
  parseDeadline,
  parseElements,
  parseMilliseconds,
  parsePort,
  parsePositive,
  parseProbability,
  parseTolerance,
} from '../../src/cli/flags/arguments.js';

const NUMBERS = {
  megabytes: megabytesUpTo(4000),
  parseCount,
  parseDeadline,
  parseElements,
  parseMilliseconds,
  parsePort,
  parsePositive,
  parseProbability,
  parseTolerance,
};

describe.each(Object.entries(NUMBERS))('%s', (_, parse) => {
  it.each(['', '0x1', '0b1', ' 1', '+1', '1 ', 'Infinity', 'NaN', 'one', '1,0'])('refuses %j', (text) =>
    expect(() => parse(text)).toThrow(/^Expected /),
  );

  it('takes 1', () => expect(parse('1')).toBe(1));
});

describe('a flag', () => {
  it.each([
    ['milliseconds beyond what a timer can wait', parseMilliseconds, '2147483648', /from 0 to 2147483647/],
    ['a deadline of nothing', parseDeadline, '0', /above 0, at most 2147483647/],
    ['a deadline beyond what a timer can wait', parseDeadline, '3e9', /above 0, at most 2147483647/],
    ['less than a kilobyte', NUMBERS.megabytes, '1e-9', /from 0.001 to 4000/],
    ['more than there is memory', NUMBERS.megabytes, '1e12', /from 0.001 to 4000/],
    ['half an element', parseElements, '0.5', /whole number from 1 to 4294967296/],
  ])('refuses %s', (_, parse, text, message) => expect(() => parse(text)).toThrow(message));
});

describe('limits of a server', () => {
  it('have defaults, which hold a body', () => {
    expect(limitsOf({})).toMatchObject({ maxBody: 64e6, maxJson: 16e6, maxInflight: 128e6 });
    expect(limitsOf({ maxBody: 1e9 })).toMatchObject({ maxBody: 1e9, maxInflight: 1e9 });
  });

  it.each([
    [{ deadlineMs: 3e9 }, /^deadlineMs is 3000000000, expected 0.001 to 2147483647$/],
    [{ deadlineMs: 0 }, /^deadlineMs is 0/],
    [{ maxDelayMs: -1 }, /^maxDelayMs is -1, expected 0 to 2147483647$/],
    [{ maxQueue: Number.NaN }, /^maxQueue is NaN/],
    [{ maxBody: 0.001 }, /^maxBody is 0.001, expected 1000 to 4000000000$/],
    [{ maxInflight: 1e6 }, /^maxInflight is 1000000 bytes, less than the 64000000 of one body \(maxBody\)$/],
  ])('%j are refused', (limits, message) => expect(() => limitsOf(limits)).toThrow(message));
});
