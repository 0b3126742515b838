import { at } from '../../graph/common/at.js';
import type { ImageRaster } from '../common/raster.js';

/** Grey samples, one a pixel. */
export interface GreyMask extends ImageRaster {
  readonly channels: 1;
  /** The sample of white. */
  readonly full: number;
  /** Compressed with loss (JPEG, WebP): black and white may be off a little, and edges ring. */
  readonly lossy: boolean;
  /** 0 where a pixel does not count. */
  readonly counted?: Uint8Array | undefined;
}

/**
 * How far, in pixels, the edge between black and white reaches that is antialiased, or enlarged: eight times, and what masks of
 * at least 128 rows and columns are enlarged to.
 */
const softReach = ({ width, height }: GreyMask) => Math.max(8, Math.ceil(Math.min(width, height) / 128));

/**
 * How far edges ring, faintly: over the macroblock that they are in (16 x 16 in WebP, and in JPEG of halved chroma), and where
 * they were enlarged by a kernel that overshoots (Lanczos).
 */
const RINGING_REACH = 16;

/** Labels are rarely as many; ringing and soft edges of curves have more values. */
const FEW_VALUES = 8;

/**
 * Whether grey samples are a mask of black and white, whose edges may be soft (antialiased, resized) or ring (JPEG, and what
 * was a JPEG once).
 *
 * What is neither black nor white is sorted by where it lies. At an edge, black and white are both near; photographs and
 * probabilities have most of it elsewhere, and noise has more of it than of black and white. Without loss there is a second
 * sign: labels form areas of one value, or lines of one or two values, which soft edges do only where they are straight. With loss
 * values are inexact, but a thin band of a label between black and white still has plateaus, where a soft edge rises steadily.
 */
export function isBilevel(mask: GreyMask): boolean {
  const counts = histogramOf(mask);
  const [black, white] = endsOf(counts, mask);
  const pixels = counts.reduce((sum, count) => sum + count, 0);
  const total = pixels - (counts[black] as number) - (counts[white] as number);
  if (total === 0) return true;
  const { offEdge, flat, middle } = placesOf(mask, (value) => value !== black && value !== white);
  const atEdges = 10 * offEdge <= total && 4 * middle <= pixels;
  if (!atEdges) return false;
  if (mask.lossy) return !hasBand(mask);
  const values = [...counts.keys()].filter(
    (value) => counts[value] !== 0 && value !== black && value !== white,
  );
  return values.length > 1 && (values.length > 2 || areOfBox(values, mask.full)) && 2 * flat <= total;
}

/**
 * Whether two values are those of a box: where it was enlarged twice they mirror each other (1/4 and 3/4), and where it covers a
 * part of the pixels at its sides, it covers the square of that at its corners.
 */
function areOfBox(values: readonly number[], full: number): boolean {
  const [first, second] = [at(values, 0), at(values, 1)];
  return Math.abs(first + second - full) <= 1 || Math.abs(first * full - second ** 2) <= full;
}

/** How many pixels that count have each value. */
export function histogramOf({ data, full, counted }: GreyMask): Uint32Array {
  const counts = new Uint32Array(full + 1);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (counted?.[i] !== 0) counts[value] = (counts[value] as number) + 1;
  }
  return counts;
}

/**
 * The values of black and white: 0 and full scale. JPEG rounds the two, so that a JPEG, and what looks like one that was
 * saved again, may have one a little beside them.
 */
function endsOf(counts: Uint32Array, { full, lossy }: GreyMask): readonly [black: number, white: number] {
  const rounded = lossy || counts.filter((count) => count > 0).length > FEW_VALUES;
  const slack = rounded ? Math.floor(full / 64) : 0;
  const commonest = (from: number, step: 1 | -1) => {
    let best = from;
    for (let i = 1; i <= slack; i++) {
      if ((counts[from + step * i] as number) > (counts[best] as number)) best = from + step * i;
    }
    return best;
  };
  return [commonest(0, 1), commonest(full, -1)];
}

/** Where pixels lie that are neither black nor white. */
interface Places {
  /** Not at an edge: nothing black, or nothing white, is near. */
  readonly offEdge: number;
  /** Part of a square of 2 x 2 pixels of one value. */
  readonly flat: number;
  /** Nearer to grey than to black and white. */
  readonly middle: number;
}

function placesOf(mask: GreyMask, isBetween: (value: number) => boolean): Places {
  const { width, data, full, counted } = mask;
  const isDark = (value: number) => 8 * value <= full;
  const isLight = (value: number) => 8 * value >= 7 * full;
  const isFaint = (value: number) => 16 * value <= full || 16 * value >= 15 * full;
  const reach = softReach(mask);
  const soft = [near(mask, isDark, reach), near(mask, isLight, reach)] as const;
  const far = Math.max(reach, RINGING_REACH);
  const ringing = [near(mask, isDark, far), near(mask, isLight, far)] as const;
  let [offEdge, flat, middle] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!isBetween(value) || counted?.[i] === 0) continue;
    const [dark, light] = isFaint(value) ? ringing : soft;
    if (!isDark(value) && !isLight(value)) middle++;
    if (dark[i] === 0 || light[i] === 0) offEdge++;
    if (isFlat(data, width, i, 0)) flat++;
  }
  return { offEdge, flat, middle };
}

/** Whether more than a sixth of what is clearly grey lies on plateaus between black and white; of soft edges a tenth does at most. */
function hasBand(mask: GreyMask): boolean {
  const { width, data, full, counted } = mask;
  const tolerance = full / (2 * softReach(mask));
  let [grey, plateau] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (16 * value < 3 * full || 16 * value > 13 * full || counted?.[i] === 0) continue;
    grey++;
    if (isFlat(data, width, i, tolerance) && isBetween(mask, i)) plateau++;
  }
  return 6 * plateau > grey;
}

/** How far a pixel of a band may be from black and from white. */
const BAND_REACH = 10;

/** Whether a pixel has black on one side and white on the other, along one of four lines; of a thin line both sides are black. */
function isBetween({ width, height, data, full }: GreyMask, i: number): boolean {
  const [x, y] = [i % width, Math.floor(i / width)];
  const endTo = (dx: number, dy: number) => {
    for (let step = 1; step <= BAND_REACH; step++) {
      const [column, row] = [x + step * dx, y + step * dy];
      if (column < 0 || column >= width || row < 0 || row >= height) return 0;
      const value = data[row * width + column] as number;
      if (8 * value <= full) return -1;
      if (8 * value >= 7 * full) return 1;
    }
    return 0;
  };
  return LINES.some(([dx, dy]) => endTo(dx, dy) * endTo(-dx, -dy) < 0);
}

const LINES = [
  [1, 0],
  [0, 1],
  [1, 1],
  [1, -1],
] as const;

/** Whether one of the four squares of 2 x 2 pixels that a pixel is part of has its value, or nearly so. */
function isFlat(data: GreyMask['data'], width: number, i: number, tolerance: number): boolean {
  const value = data[i] as number;
  const isNear = (place: number) => Math.abs((data[place] ?? Number.NaN) - value) <= tolerance;
  const left = i % width > 0 && isNear(i - 1);
  const right = (i + 1) % width > 0 && isNear(i + 1);
  const square = (row: number) => isNear(row) && ((left && isNear(row - 1)) || (right && isNear(row + 1)));
  return (left || right) && (square(i - width) || square(i + width));
}

/** 1 where a sample that fits lies at most so many pixels away along each axis. */
function near(
  { width, height, data }: GreyMask,
  fits: (value: number) => boolean,
  reach: number,
): Uint8Array {
  const across = new Uint8Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    let filled = 0;
    for (let x = 0; x < width; x++) {
      if (!fits(data[start + x] as number)) continue;
      const end = Math.min(x + reach + 1, width);
      across.fill(1, start + Math.max(filled, x - reach), start + end);
      filled = end;
    }
  }
  const result = new Uint8Array(data.length);
  const lastRow = new Float64Array(width);
  for (const [first, step] of [
    [0, 1],
    [height - 1, -1],
  ] as const) {
    lastRow.fill(Number.NEGATIVE_INFINITY);
    for (let n = 0; n < height; n++) {
      const start = (first + step * n) * width;
      for (let x = 0; x < width; x++) {
        if (across[start + x] === 1) lastRow[x] = n;
        if (n - (lastRow[x] as number) <= reach) result[start + x] = 1;
      }
    }
  }
  return result;
}
