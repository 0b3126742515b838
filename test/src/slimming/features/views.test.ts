import { expect, it } from '@jest/globals';
import { at } from '../../../../graph/common/at.js';
import { NORMALIZATIONS, type Normalization } from '../../../../graph/recipe/normalization.js';
import type { ImageRaster } from '../../../../runtime/common/raster.js';
import { viewsOf } from '../../../../src/slimming/features/views.js';

const [WIDTH, HEIGHT] = [48, 32];
const WINDOW: Normalization = { kind: 'window', centre: 40, width: 400 };

/** A bright disc that is off the middle, on a slope of grey. */
const isInside = (place: number) => (Math.floor(place / WIDTH) - 12) ** 2 + ((place % WIDTH) - 26) ** 2 < 36;
const disc: ImageRaster = {
  ...{ width: WIDTH, height: HEIGHT, channels: 1 },
  data: Uint8Array.from({ length: WIDTH * HEIGHT }, (_, place) => (isInside(place) ? 250 : place / 40)),
};
const mask = (width: number, height: number) => ({
  dims: [1, 1, height, width],
  data: Float32Array.from({ length: width * height }, (_, place) => {
    const [row, column] = [Math.floor(place / width), place % width];
    const y = Math.floor(((row + 0.5) / height) * HEIGHT);
    const x = Math.floor(((column + 0.5) / width) * WIDTH);
    return isInside(y * WIDTH + x) ? 1 : 0;
  }),
});
const views = (
  count: number,
  name = 'a.jpg',
  image = disc,
  normalization: Normalization = { kind: 'unit' },
) => [...viewsOf(image, { count, name, normalization })];

it('begins with the image itself, and varies it in the same ways each time', () => {
  const [first, ...others] = views(4);
  expect(first?.image).toBe(disc);
  const seen = others.map(({ image }) => image);
  expect(new Set(seen.map(({ data }) => data.join())).size).toBe(3);
  expect(
    views(4)
      .slice(1)
      .map(({ image }) => image),
  ).toEqual(seen);
  expect(at(views(2, 'b.jpg'), 1).image.data).not.toEqual(seen[0]?.data);
});

it('moves masks to where the image moved, also those of another size', () => {
  for (const view of views(12).slice(1)) {
    const { data } = view.image;
    const moved = view.masks(mask(WIDTH, HEIGHT)).data;
    const [inside, outside] = [true, false].map((wanted) =>
      data.filter((_, place) => (wanted ? at(moved, place) > 0.99 : at(moved, place) === 0)),
    );
    expect(Math.min(...(inside ?? []))).toBeGreaterThan(Math.max(...(outside ?? [])));
    const square = view.masks(mask(96, 96)).data;
    const shares = [moved, square].map(
      (plane) => plane.reduce((sum, value) => sum + value, 0) / plane.length,
    );
    expect(at(shares, 1)).toBeCloseTo(at(shares, 0), 1);
  }
});

it('gives views of the size that is asked for, and turns what is no square without shearing it', () => {
  const squeezed = [
    ...viewsOf(disc, {
      count: 8,
      name: 'a.jpg',
      normalization: NORMALIZATIONS.unit,
      size: { width: 32, height: 32 },
    }),
  ];
  for (const [index, { image }] of squeezed.entries()) {
    if (index === 0) continue;
    expect(image).toMatchObject({ width: 32, height: 32, channels: 1 });
    const bright = (raster: ImageRaster) =>
      raster.data.filter((value) => value > 120).length / raster.data.length;
    expect(bright(image)).toBeCloseTo(bright(at(views(8), index).image), 2);
  }
});

it('changes the light of each channel, and leaves it where stored values mean something', () => {
  const grey = (data: ImageRaster['data']): ImageRaster => ({ width: 4, height: 4, channels: 3, data });
  const even = grey(new Uint8Array(48).fill(100));
  for (const { image } of views(6, 'a.png', even, WINDOW)) expect(image.data).toEqual(even.data);
  const lit = views(6, 'a.png', even)
    .slice(1)
    .map(({ image }) => [...image.data.subarray(0, 3)]);
  for (const colours of lit) expect(new Set(colours).size).toBeGreaterThan(1);
  // 12 bits of 16, and nothing stays nothing.
  const deep = grey(Uint16Array.from({ length: 48 }, (_, place) => (place < 24 ? 0 : 4095)));
  for (const { image } of views(6, 'a.png', deep).slice(1)) {
    expect(image.data).toBeInstanceOf(Uint16Array);
    expect(Math.max(...image.data)).toBeLessThanOrEqual(4095);
    expect(Math.max(...image.data)).toBeGreaterThan(3000);
    expect(Math.min(...image.data)).toBe(0);
  }
});
