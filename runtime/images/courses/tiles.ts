import type { Reach } from '../../../graph/analysis/receptive-field.js';
import { badUsage } from '../../../graph/common/errors.js';

/** A rectangle of an image, in pixels. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How much two neighbours share at least: what is blended, so that no seam shows. */
const OVERLAP = 64;

const roundUp = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple;

/**
 * Where windows begin along one axis: as few as reach the end and share so much, evenly spread over the multiples. There a
 * network that halves its resolution sees the same grid as in the whole image.
 */
function starts(length: number, side: number, multiple: number, overlap: number): readonly number[] {
  if (length <= side) return [0];
  const last = roundUp(length - side, multiple);
  const count = Math.ceil(last / (side - overlap)) + 1;
  const spread = last / (count - 1) / multiple;
  return Array.from({ length: count }, (_, i) => Math.round(i * spread) * multiple);
}

/**
 * What one run takes for each pixel of its input, measured beside what the graph's activations say: onnxruntime pads the
 * channels of thin layers and reorders the input.
 */
const held = (activations: number) => (4 / 3) * activations + 96;

/** What a run may take, and how far the network looks, where images keep their own size. */
export interface Limits {
  /** Bytes that one run may take. */
  readonly memoryBudget: number;
  /** Bytes of activations that the network's graph holds at once for each pixel of its input. */
  readonly bytesPerPixel: number;
  readonly reach: Reach;
}

/** How an image is run. */
export interface TilePlan {
  /** All of one size. */
  readonly windows: readonly Window[];
  /** Pixels at the inner edges of windows, along x and y, that count for nothing: what they depend on lies outside. */
  readonly margin: { readonly x: number; readonly y: number };
  /** The smallest budget with which it is one window. */
  readonly wholeBudget: number;
  /** The smallest with which all that tiles give is what the whole image would give; undefined where there is none. */
  readonly exactBudget: number | undefined;
  /** Whether it is with this one. */
  readonly isExact: boolean;
}

/**
 * Covers an image with windows whose sides are multiples of what the network needs and whose pixels take no more than the
 * budget. An image that fits is one window. Windows overlap by twice the network's reach, as long as that is half of their side at the
 * most, so that each pixel is in one that holds all that it depends on.
 * @param multiple that sides and places of windows are multiples of
 * @throws NmodeError (BAD_USAGE) where the budget is smaller than the smallest useful tile
 */
export function planTiles(width: number, height: number, multiple: number, limits: Limits): TilePlan {
  const { memoryBudget: budget, reach: looked } = limits;
  const reach = 'pixels' in looked ? looked.pixels : undefined;
  const bytesPerPixel = held(limits.bytesPerPixel);
  const whole = { width: roundUp(width, multiple), height: roundUp(height, multiple) };
  const wholeBudget = Math.ceil(whole.width * whole.height * bytesPerPixel);
  const shared =
    reach === undefined ? undefined : Math.max(roundUp(2 * reach, multiple), roundUp(OVERLAP, multiple));
  const smallest = Math.max(roundUp(4 * OVERLAP, multiple), roundUp(OVERLAP, multiple) + multiple);
  const exactSide = shared && Math.max(roundUp(2 * shared, multiple), smallest);
  const exactBudget = exactSide && Math.min(Math.ceil(exactSide ** 2 * bytesPerPixel), wholeBudget);
  const budgets = { wholeBudget, exactBudget };
  if (wholeBudget <= budget) {
    return { windows: [{ x: 0, y: 0, ...whole }], margin: { x: 0, y: 0 }, isExact: true, ...budgets };
  }
  const side = Math.floor(Math.sqrt(budget / bytesPerPixel) / multiple) * multiple;
  if (side < smallest) {
    const needed = Math.ceil((smallest ** 2 * bytesPerPixel) / 1e6);
    throw badUsage(`a memory budget of ${budget / 1e6} MB, expected at least ${needed} MB`);
  }
  // A side that the image does not fill leaves room for the other.
  const tileHeight = Math.min(side, whole.height);
  const tileWidth = Math.min(
    Math.floor(budget / bytesPerPixel / tileHeight / multiple) * multiple,
    whole.width,
  );
  const along = (length: number, tile: number) => {
    const isHeld = shared !== undefined && reach !== undefined && 2 * shared <= tile;
    const begins = starts(length, tile, multiple, isHeld ? shared : roundUp(OVERLAP, multiple));
    return { begins, margin: isHeld ? reach : 0, isExact: isHeld || begins.length === 1 };
  };
  const [across, down] = [along(width, tileWidth), along(height, tileHeight)];
  return {
    windows: down.begins.flatMap((y) =>
      across.begins.map((x) => ({ x, y, width: tileWidth, height: tileHeight })),
    ),
    margin: { x: across.margin, y: down.margin },
    isExact: across.isExact && down.isExact,
    ...budgets,
  };
}

/**
 * How much a tile counts along one axis of its own: 1 where it is alone, 0 in the margin at its inner edges, else rising or
 * falling in a line between the beginnings of two windows, and no further than the third begins, so that no pixel is shared by
 * more than two. The weights of all windows add up to 1.
 * @param others where all windows of the axis begin, in order
 */
export function blendWeights(start: number, side: number, others: readonly number[], margin = 0) {
  const before = others.filter((other) => other < start).at(-1);
  const [after, next] = others.filter((other) => other > start);
  const from = (begin: number | undefined) =>
    begin === undefined ? Number.POSITIVE_INFINITY : begin + margin;
  const begin = before === undefined ? 0 : margin;
  const rise = before === undefined ? 0 : Math.min(before + side - margin, from(after)) - start - begin;
  const falls = Math.min(from(after) - start, side);
  const fall = Math.min(start + side - margin, from(next)) - from(after);
  return Float64Array.from({ length: side }, (_, i) => {
    if (i < begin) return 0;
    if (i < begin + rise) return (i - begin + 0.5) / rise;
    return i < falls ? 1 : Math.max(0, (falls + fall - i - 0.5) / fall);
  });
}
