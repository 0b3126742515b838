import { expect, it } from '@jest/globals';
import { classColour, labelPalette } from '../../../runtime/images/class-colours.js';

it('tells every class from every other and from black', () => {
  const colours = Array.from({ length: 255 }, (_, index) => classColour(index).join());
  expect(new Set([...colours, '0,0,0']).size).toBe(256);
  // Those of a few classes, which stand beside one another, differ by far.
  const few = Array.from({ length: 20 }, (_, index) => classColour(index));
  const apart = few.flatMap((a, i) =>
    few.slice(i + 1).map((b) => Math.hypot(...a.map((value, channel) => value - (b[channel] ?? 0)))),
  );
  expect(Math.min(...apart)).toBeGreaterThan(40);
});

it('gives a label map the colours in which masks are drawn, and black for the background', () => {
  const palette = labelPalette([0, 2, 3]);
  expect([...palette]).toEqual([...classColour(0), 0, 0, 0, ...classColour(1), ...classColour(2)]);
});
