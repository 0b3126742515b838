import { describe, expect, it } from '@jest/globals';
import type { Normalization } from '../../../graph/recipe/normalization.js';
import type { RgbImage } from '../../../runtime/common/raster.js';
import { asWindowed, outsideWarning, withDepth } from '../../../runtime/images/depth.js';
import { levelsOf } from '../../../runtime/images/levels.js';
import { normalized, prepareResized, prepareWindow } from '../../../runtime/images/prepare.js';

/** A row of pixels. */
function row(data: Uint8Array | Uint16Array): RgbImage {
  return { width: data.length / 3, height: 1, channels: 3, data };
}

const eight = row(Uint8Array.of(50, 100, 150, 100, 100, 100));
const sixteen = row(Uint16Array.of(50, 100, 150, 100, 100, 100));

describe('normalization, channels first', () => {
  it("min-max stretches the whole image, all channels alike, to 0..255: the release's", () => {
    const expected = [0, 127.5, 127.5, 127.5, 255, 127.5];
    for (const image of [eight, sixteen]) {
      const levels = levelsOf(image, { kind: 'min-max' });
      expect([...prepareResized(normalized(image, levels), 2, 1, 'NCHW')]).toEqual(expected);
    }
  });

  it('min-max gives zeros for a constant image', () => {
    const constant = row(Uint8Array.of(9, 9, 9, 9, 9, 9));
    const levels = levelsOf(constant, { kind: 'min-max' });
    expect([...prepareResized(normalized(constant, levels), 2, 1, 'NCHW')]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('unit divides by the largest value that the depth holds', () => {
    const white8 = row(Uint8Array.of(255, 0, 51));
    const white16 = row(Uint16Array.of(65535, 0, 13107));
    for (const image of [white8, white16]) {
      const values = prepareResized(normalized(image, levelsOf(image, { kind: 'unit' })), 1, 1, 'NCHW');
      expect([...values]).toEqual([1, 0, Math.fround(0.2)]);
    }
  });

  it('mean-std is (x / 255 - mean) / std, channel by channel', () => {
    const mean = [0.1, 0.2, 0.3];
    const std = [0.5, 0.25, 2];
    const values = prepareResized(
      normalized(eight, levelsOf(eight, { kind: 'mean-std', mean, std })),
      2,
      1,
      'NCHW',
    );
    const expected = [50, 100, 100, 100, 150, 100].map((x, i) => {
      const channel = Math.floor(i / 2);
      return Math.fround((x / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1));
    });
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] ?? 0, 6);
  });
});

it('a window beyond the image repeats its last row and column', () => {
  const image: RgbImage = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const levels = levelsOf(image, { kind: 'min-max', to: 5 });
  const window = { x: 1, y: 0, width: 2, height: 2 };
  expect([...prepareWindow(normalized(image, levels), window, 'NCHW')]).toEqual([
    3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5,
  ]);
  expect([...prepareWindow(normalized(image, levels), window, 'NHWC')]).toEqual([
    3, 4, 5, 3, 4, 5, 3, 4, 5, 3, 4, 5,
  ]);
});

describe('16 bits for a model that takes 8', () => {
  it('are stretched where only their range matters', () => {
    const narrow = row(Uint16Array.of(1000, 1100, 1200));
    expect([...withDepth(narrow, 8, { kind: 'min-max' })]).toEqual([0, 128, 255]);
  });
  it('are divided by 257 where their size matters', () => {
    const wide = row(Uint16Array.of(0, 257, 65535));
    expect([...withDepth(wide, 8, { kind: 'unit' })]).toEqual([0, 1, 255]);
  });
  it('and 8 bits stay the very same', () => {
    expect(withDepth(eight, 8, { kind: 'min-max' })).toBe(eight.data);
  });
});

it('16 bits are shown by the window that the recipe begins with', () => {
  const image = { width: 3, height: 1, channels: 1, data: Uint16Array.of(900, 1100, 1300) };
  const window = { kind: 'window', centre: 1100, width: 200 } as const;
  expect([...asWindowed(image, window).data]).toEqual([0, 128, 255]);
  expect([...asWindowed(image, { kind: 'steps', steps: [window, { kind: 'z-score' }] }).data]).toEqual([
    0, 128, 255,
  ]);
  expect(asWindowed(image, { kind: 'z-score' })).toBe(image);
});

describe('an image of which a window leaves one value', () => {
  const image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(16, 250) };

  it.each<[string, Normalization, string]>([
    ['a window', { kind: 'window', centre: 30000, width: 20000 }, '20000 to 40000'],
    ['bounds', { kind: 'clip', low: -20, high: 16 }, '-20 to 16'],
    [
      'the first of several steps',
      { kind: 'steps', steps: [{ kind: 'window', centre: 400, width: 300 }, { kind: 'z-score' }] },
      '250 to 550',
    ],
  ])('is told: %s', (_, normalization, bounds) => {
    expect(outsideWarning(image, normalization)).toBe(
      `its samples are from 16 to 250, its recipe looks at ${bounds} alone: all of it becomes one value`,
    );
  });

  it.each<Normalization>([
    { kind: 'window', centre: 400, width: 302 },
    { kind: 'clip', low: 100, high: 110 },
    { kind: 'min-max' },
  ])('is not told of %j', (normalization) => {
    expect(outsideWarning(image, normalization)).toBeUndefined();
  });
});

it('an image of more bits than its recipe expects is told', () => {
  const deep = row(Uint16Array.of(50, 100, 900, 0, 0, 0));
  expect(outsideWarning(deep, { kind: 'unit', bits: 8 })).toBe(
    'its samples are up to 900, its recipe expects 255 at most (8 bits)',
  );
  for (const bits of [10, undefined])
    expect(outsideWarning(deep, { kind: 'unit', ...(bits && { bits }) })).toBeUndefined();
});
