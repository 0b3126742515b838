import { assertWhole, type ImageRaster } from '../../runtime/common/raster.js';

/** Cells that an image is averaged in, each way, and cosines that are kept of them, each way. */
const [CELLS, COSINES] = [32, 16];

/** Cosines each way by which most pairs are told apart. */
const COARSE = 6;

/** Of the luma of sRGB (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114];

/** An image whose cells differ less than this, in levels of its samples, shows nothing. */
const FLAT = 0.25;

/**
 * From here on two images are near-duplicates. Of 224 photographs of skin, those that are resized, compressed again (JPEG, quality 40),
 * darker or with more contrast are at least 0.995 like themselves, and different ones 0.952 at most like each other.
 */
const NEAR = 0.97;

/**
 * What an image shows at a glance: the lowest frequencies of its luma, without the mean, as a vector of length 1; zeros of an image
 * that shows nothing. Neither size nor brightness and contrast matter to it.
 */
export interface Glance {
  /** [COSINES, COSINES] */
  readonly cosines: Float64Array;
  /** The length of what is beyond the first COARSE cosines each way. */
  readonly fine: number;
}

/** The first cosines of a transform of type II, [COSINES, CELLS], orthonormal. */
const BASIS = Array.from({ length: COSINES }, (_, frequency) =>
  Float64Array.from({ length: CELLS }, (_, cell) => {
    const scale = Math.sqrt((frequency === 0 ? 1 : 2) / CELLS);
    return scale * Math.cos((Math.PI * frequency * (2 * cell + 1)) / (2 * CELLS));
  }),
);

/** Which pixels a cell has; at least one, also of an image that is smaller than the cells. */
const cellOf = (cell: number, size: number): readonly [from: number, to: number] => {
  const from = Math.floor((cell * size) / CELLS);
  return [from, Math.max(from + 1, Math.ceil(((cell + 1) * size) / CELLS))];
};

/** The mean luma of each cell; of other channels than three, their mean. */
function cellsOf(image: ImageRaster): Float64Array {
  assertWhole(image);
  const { width, height, channels, data } = image;
  const shares = channels === 3 ? LUMA : Array<number>(channels).fill(1 / channels);
  const columns = Array.from({ length: CELLS }, (_, cell) => cellOf(cell, width));
  const cells = new Float64Array(CELLS * CELLS);
  for (let row = 0; row < CELLS; row++) {
    const [top, bottom] = cellOf(row, height);
    for (const [column, [left, right]] of columns.entries()) {
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (const [channel, share] of shares.entries()) {
          let line = 0;
          const end = (y * width + right) * channels;
          for (let i = (y * width + left) * channels + channel; i < end; i += channels)
            line += data[i] as number;
          sum += share * line;
        }
      }
      cells[row * CELLS + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return cells;
}

export function glanceAt(image: ImageRaster): Glance {
  const cells = cellsOf(image);
  const cosines = new Float64Array(COSINES * COSINES);
  for (const [v, across] of BASIS.entries()) {
    const line = Float64Array.from({ length: CELLS }, (_, row) =>
      across.reduce((sum, cosine, column) => sum + cosine * (cells[row * CELLS + column] as number), 0),
    );
    for (const [u, down] of BASIS.entries())
      cosines[u * COSINES + v] = down.reduce((sum, cosine, row) => sum + cosine * (line[row] as number), 0);
  }
  cosines[0] = 0;
  const length = Math.hypot(...cosines);
  // By Parseval's theorem the length is the standard deviation times the number of cells each way.
  if (length < FLAT * CELLS) return { cosines: cosines.fill(0), fine: 0 };
  const isFine = (index: number) => Math.max(Math.floor(index / COSINES), index % COSINES) >= COARSE;
  const unit = cosines.map((value) => value / length);
  return { cosines: unit, fine: Math.hypot(...unit.filter((_, index) => isFine(index))) };
}

/**
 * How alike two images are, at most 1, however one is mirrored or turned by quarters: to a network that is trained on mirrored
 * images these are the same. Images that show nothing are alike.
 */
export function likeness(a: Glance, b: Glance): number {
  if (isFlat(a) || isFlat(b)) return isFlat(a) && isFlat(b) ? 1 : 0;
  return alignedProduct(a, b, COSINES);
}

export function areNearDuplicates(a: Glance, b: Glance): boolean {
  // What is fine cannot add more than its lengths (Cauchy and Schwarz).
  const isApart = !isFlat(a) && alignedProduct(a, b, COARSE) + a.fine * b.fine < NEAR;
  return !isApart && likeness(a, b) >= NEAR;
}

const isFlat = ({ cosines }: Glance) => cosines.every((value) => value === 0);

/** The largest scalar product of the first cosines each way over all ways to mirror and turn b. */
function alignedProduct(a: Glance, b: Glance, count: number): number {
  return Math.max(mirroredProduct(a, b, count, COSINES, 1), mirroredProduct(a, b, count, 1, COSINES));
}

/** A mirrored image has the odd cosines of that direction with the other sign. @param down, across strides of b: exchanged, it is transposed */
function mirroredProduct(a: Glance, b: Glance, count: number, down: number, across: number): number {
  const even = partProduct(a, b, count, down, across, 0, 0);
  const columns = partProduct(a, b, count, down, across, 0, 1);
  const rows = partProduct(a, b, count, down, across, 1, 0);
  const both = partProduct(a, b, count, down, across, 1, 1);
  return Math.max(
    even + columns + rows + both,
    even - columns + rows - both,
    even + columns - rows - both,
    even - columns - rows + both,
  );
}

/** Of every other cosine each way, from these on. */
function partProduct(
  { cosines: a }: Glance,
  { cosines: b }: Glance,
  count: number,
  down: number,
  across: number,
  row: 0 | 1,
  column: 0 | 1,
): number {
  let sum = 0;
  for (let u = row; u < count; u += 2)
    for (let v = column; v < count; v += 2)
      sum += (a[u * COSINES + v] as number) * (b[u * down + v * across] as number);
  return sum;
}
