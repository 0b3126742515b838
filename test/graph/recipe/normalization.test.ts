import { describe, expect, it } from '@jest/globals';
import {
  isAbsolute,
  NORMALIZATIONS,
  type Normalization,
  normalizationText,
  parseNormalization,
  windowed,
} from '../../../graph/recipe/normalization.js';

const window = { kind: 'window', centre: 40, width: 400 } as const;
const steps = (...each: readonly object[]) => ({ kind: 'steps', steps: each });

it.each<Normalization>([
  ...Object.values(NORMALIZATIONS),
  window,
  {
    kind: 'steps',
    steps: [
      { kind: 'clip', low: -5, high: 9 },
      { kind: 'unit', bits: 12 },
      { kind: 'min-max', to: 1, over: 'all' },
    ],
  },
  { kind: 'mean-std', mean: [90.5], std: [30], of: 'samples' },
])('%j is the same when it is read again', (normalization) => {
  expect(parseNormalization(JSON.parse(JSON.stringify(normalization)))).toEqual(normalization);
});

describe('what is none is refused', () => {
  it.each<[object, RegExp]>([
    [{ ...window, width: 0 }, /^the width of the window is 0, expected a number above 0$/],
    [{ ...window, width: -1 }, /width of the window is -1/],
    [{ ...window, centre: null }, /^the centre of the window is not a number$/],
    [{ kind: 'window', width: 3 }, /has kind, width, expected kind, centre, width/],
    [{ kind: 'unit', bits: 17 }, /^bits is not a whole number from 1 to 16$/],
    [{ kind: 'min-max', to: 0 }, /^to is 0, expected a number above 0$/],
    [{ kind: 'z-score', per: 'row' }, /^per 'row' is not one of image, channel$/],
    [
      { kind: 'percentile-clip', low: 5, high: 101 },
      /from 5 to 101, expected a low below a high, both from 0 to 100$/,
    ],
    [{ kind: 'clip', low: 5, high: 5 }, /from 5 to 5, expected a low below a high$/],
    [{ kind: 'clip', low: 5, high: 9, over: 'nonzero' }, /expected kind, low, high$/],
    [steps(), /list of 1 to 16/],
    [steps(...Array(17).fill(window)), /list of 1 to 16/],
    [steps(steps(window)), /'steps' is not one of min-max/],
    [{ kind: 'toString' }, /'toString' is not one of/],
  ])('%j', (value, says) => {
    expect(() => parseNormalization(value)).toThrow(says);
  });
});

it('stored values count behind a window, and not behind what compares them', () => {
  const absolute = [
    window,
    { kind: 'unit', bits: 12 },
    { kind: 'steps', steps: [{ kind: 'percentile-clip', low: 1, high: 2 }, window] },
  ] as const;
  expect(absolute.map((each) => isAbsolute(each))).toEqual([true, true, true]);
  expect(Object.values(NORMALIZATIONS).map((each) => isAbsolute(each))).toEqual(Array(6).fill(false));
});

it('a window goes before all else, and in the place of another', () => {
  const [given, zScore] = [{ centre: 1, width: 2 }, { kind: 'z-score' } as const];
  const first = { kind: 'window', ...given } as const;
  expect(windowed(undefined, given)).toEqual(first);
  expect(windowed({ kind: 'unit' }, given)).toEqual(first);
  expect(windowed(window, given)).toEqual(first);
  for (const rest of [zScore, { kind: 'steps', steps: [window, zScore] }] as const) {
    expect(windowed(rest, given)).toEqual({ kind: 'steps', steps: [first, zScore] });
  }
  expect(normalizationText(windowed(zScore, given))).toBe('window (centre 1; width 2), z-score');
});
