import { expect, it } from '@jest/globals';
import { at } from '../../../graph/common/at.js';
import { NORMALIZATIONS } from '../../../graph/common/normalization.js';
import { viewsOf } from '../../../src/slimming/views.js';

const SIDE = 32;
const dims = [1, 1, SIDE, SIDE];

/** A bright disc that is off the middle, on a slope of grey. */
const disc = Float32Array.from({ length: SIDE * SIDE }, (_, place) => {
  const [y, x] = [Math.floor(place / SIDE), place % SIDE];
  return (y - 12) ** 2 + (x - 18) ** 2 < 36 ? 1 : (x + y) / 200;
});
const mask = disc.map((value) => (value === 1 ? 1 : 0));

it('begins with the image itself, and varies it in the same ways each time', () => {
  const pixels = { dims, data: disc };
  const [first, ...others] = viewsOf(4, 'a.jpg', NORMALIZATIONS.release);
  expect(first?.image(pixels).data).toEqual(disc);
  const seen = others.map((view) => view.image(pixels).data);
  expect(new Set(seen.map((data) => data.join())).size).toBe(3);
  const again = viewsOf(4, 'a.jpg', NORMALIZATIONS.release).slice(1);
  expect(again.map((view) => view.image(pixels).data)).toEqual(seen);
  const other = viewsOf(2, 'b.jpg', NORMALIZATIONS.release);
  expect(at(other, 1).image(pixels).data).not.toEqual(seen[0]);
});

it('moves masks to where the image moved', () => {
  for (const view of viewsOf(12, 'a.jpg', NORMALIZATIONS.release).slice(1)) {
    const image = view.image({ dims, data: disc }).data;
    const moved = view.masks({ dims, data: mask }).data;
    const [inside, outside] = [true, false].map((wanted) =>
      image.filter((_, place) => (wanted ? at(moved, place) > 0.99 : at(moved, place) === 0)),
    );
    expect(Math.min(...(inside ?? []))).toBeGreaterThan(Math.max(...(outside ?? [])));
  }
});

it('leaves the light as it is where stored values mean something', () => {
  const window = { kind: 'steps', steps: [{ kind: 'window', centre: 40, width: 400 }] } as const;
  for (const view of viewsOf(6, 'a.png', window)) {
    const pixels = { dims, data: new Float32Array(SIDE * SIDE).fill(0.25) };
    expect(view.image(pixels).data).toEqual(pixels.data);
    expect(Math.max(...view.image({ dims, data: disc }).data)).toBe(1);
  }
});
