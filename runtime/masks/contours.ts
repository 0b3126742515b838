import { checkArgument } from '../../graph/common/option-kinds.js';
import { MASK, type Mask } from '../common/raster.js';

/** A closed line along the edges of pixels: its corners, in pixels; the outside of a region clockwise, holes the other way. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/** Steps along the edges of pixels: right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** A mask of noise has as many contours as pixels. */
const MAX_CONTOURS = 1000;

/**
 * The contours of a mask, with the mask on the right of each line; at most 1,000, in the order of their topmost points.
 * Regions that touch over a corner are one.
 */
export function contoursOf(mask: Mask): readonly Polygon[] {
  checkArgument('mask', mask, MASK);
  const { width, height, data } = mask;
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] !== 0;
  // The upper edges of pixels that a contour has passed, each to the right.
  const passed = new Uint8Array(width * (height + 1));
  const contours: Polygon[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isUpperEdge = inside(x, y) && !inside(x, y - 1);
      if (!isUpperEdge || passed[y * width + x]) continue;
      if (contours.length === MAX_CONTOURS) return contours;
      contours.push(follow(x, y, inside, passed, width));
    }
  }
  return contours;
}

/** Follows an edge from the upper left corner of a pixel, right along its top, until it comes back. */
function follow(
  startX: number,
  startY: number,
  inside: (x: number, y: number) => boolean,
  passed: Uint8Array,
  width: number,
): Polygon {
  const corners: [number, number][] = [[startX, startY]];
  let [x, y, direction] = [startX, startY, 0];
  do {
    if (direction === 0) passed[y * width + x] = 1;
    const [dx, dy] = STEPS[direction] ?? [0, 0];
    x += dx;
    y += dy;
    const next = turn(x, y, direction, inside);
    if (next !== direction && !(x === startX && y === startY && next === 0)) corners.push([x, y]);
    direction = next;
  } while (x !== startX || y !== startY || direction !== 0);
  return corners;
}

/** The pixels around a corner, ahead of a direction: on the left and on the right of the line. */
const AHEAD = [
  { left: [0, -1], right: [0, 0] },
  { left: [0, 0], right: [-1, 0] },
  { left: [-1, 0], right: [-1, -1] },
  { left: [-1, -1], right: [0, -1] },
] as const;

/** Where the line goes at a corner: the mask stays on its right, and corners that touch are crossed. */
function turn(x: number, y: number, direction: number, inside: (x: number, y: number) => boolean): number {
  const { left, right } = AHEAD[direction] ?? AHEAD[0];
  if (inside(x + left[0], y + left[1])) return (direction + 3) % 4;
  return inside(x + right[0], y + right[1]) ? direction : (direction + 1) % 4;
}
