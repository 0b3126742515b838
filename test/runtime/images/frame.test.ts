import { describe, expect, it } from '@jest/globals';
import type { Normalization } from '../../../graph/recipe/normalization.js';
import type { Recipe } from '../../../graph/recipe/recipe.js';
import type { ImageRaster } from '../../../runtime/common/raster.js';
import { frameOf } from '../../../runtime/images/frame.js';
import type { Rows } from '../../../runtime/images/resize.js';

/** Two channels of 4 x 4, which are 0 but in the middle, where one pixel is 0 in both. */
const FIRST = [0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0];
const SECOND = [0, 0, 0, 0, 0, 0, 8, 0, 0, 8, 0, 0, 0, 0, 0, 0];
const image: ImageRaster = {
  ...{ width: 4, height: 4, channels: 2 },
  data: Uint8Array.from(FIRST.flatMap((value, pixel) => [value, SECOND[pixel] ?? 0])),
};

const PIXEL = { height: 1, width: 1 };
const AS_STORED: Normalization = { kind: 'mean-std', mean: [0], std: [1], of: 'samples' };

function numbers({ width, height, channels, read }: Rows): number[][] {
  return Array.from({ length: height }, (_, row) => {
    const into = new Float64Array(width * channels);
    read(row, into);
    return [...into];
  });
}

const framed = (recipe: Omit<Recipe, 'sizing'>, pixel = PIXEL) => frameOf(image, recipe, pixel);

describe('an image before it is run', () => {
  it('is cropped to the rectangle around what is not 0, and what it gives is put back', () => {
    const frame = framed({ normalization: AS_STORED, crop: 'foreground' });
    expect(numbers(frame.rows)).toEqual([
      [2, 0, 0, 8],
      [4, 8, 0, 0],
    ]);
    const given = { classes: 2, width: 2, height: 2, data: Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1) };
    const { data } = frame.pasted(given, 0);
    const inside = [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    expect([...data.slice(0, 16)]).toEqual(inside.map((value) => 1 - value));
    expect([...data.slice(16)]).toEqual(inside);
  });

  it('that is 0 everywhere stays whole', () => {
    const black = { ...image, data: new Uint8Array(image.data.length) };
    const { rows } = frameOf(black, { normalization: AS_STORED, crop: 'foreground' }, PIXEL);
    expect([rows.width, rows.height]).toEqual([4, 4]);
  });

  it('has the statistics of the pixels that are not 0 in every channel, and zeros elsewhere', () => {
    const normalization = { kind: 'z-score', per: 'channel', over: 'foreground' } as const;
    const [above, below] = numbers(framed({ normalization, crop: 'foreground' }).rows);
    // Of 2, 0, 4 and of 0, 8, 8: the fourth pixel is 0 in both.
    const [first, second] = [Math.sqrt(8 / 3), Math.sqrt(128 / 9)];
    const expected = [0, -16 / 3 / second, -2 / first, 8 / 3 / second, 2 / first, 8 / 3 / second, 0, 0];
    for (const [i, value] of [...(above ?? []), ...(below ?? [])].entries())
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 10);
  });

  it('is normalized channel by channel where the recipe has one for each', () => {
    const normalization: Normalization = {
      kind: 'channels',
      channels: [
        { kind: 'clip', low: 1, high: 3 },
        { kind: 'min-max', to: 1, per: 'channel' },
      ],
    };
    expect(numbers(framed({ normalization, crop: 'foreground' }).rows)).toEqual([
      [2, 0, 1, 1],
      [3, 1, 1, 0],
    ]);
  });

  it('is resampled by the size of its pixels, which halves round to even', () => {
    const spacing = { height: 1.6, width: 0.5, order: 1, unit: 'mm' } as const;
    const { rows, back } = framed({ normalization: AS_STORED, spacing }, { height: 1, width: 0.625 });
    // 4 / 1.6 is 2.5, and 4 x 0.625 / 0.5 is 5.
    expect([rows.width, rows.height]).toEqual([5, 2]);
    const given = { classes: 1, width: 5, height: 2, data: new Float32Array(10).fill(0.25) };
    expect(back(given)).toEqual({ classes: 1, width: 4, height: 4, data: new Float32Array(16).fill(0.25) });
  });

  it('may be transposed, and what it gives is turned back', () => {
    const wide: ImageRaster = { width: 3, height: 1, channels: 1, data: Uint8Array.of(1, 2, 3) };
    const frame = frameOf(wide, { normalization: AS_STORED, transpose: true }, PIXEL);
    expect(numbers(frame.rows)).toEqual([[1], [2], [3]]);
    const given = { classes: 1, width: 1, height: 3, data: Float32Array.of(1, 2, 3) };
    expect(frame.pasted(given, undefined)).toEqual({ ...given, width: 3, height: 1 });
  });

  it('is refused where it would not fit at the spacing', () => {
    const spacing = { height: 1e-4, width: 1e-4, order: 3, unit: 'px' } as const;
    expect(() => framed({ normalization: AS_STORED, spacing })).toThrow(/4x4 .* become 40000x40000/);
  });
});
