import { NmodeError } from '../../graph/errors.js';

/** A rectangle of an image, in pixels. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How much two neighbours share: the context that a pixel near a border would otherwise lack. */
const OVERLAP = 64;

const roundUp = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple;

/**
 * Where windows begin along one axis: as few as reach the end, evenly spread over the multiples. There a network that
 * halves its resolution sees the same grid as in the whole image.
 */
function starts(length: number, side: number, multiple: number): readonly number[] {
  if (length <= side) return [0];
  const last = roundUp(length - side, multiple);
  const count = Math.ceil(last / (side - roundUp(OVERLAP, multiple))) + 1;
  const spread = last / (count - 1) / multiple;
  return Array.from({ length: count }, (_, i) => Math.round(i * spread) * multiple);
}

/**
 * What one run takes for each pixel of its input, measured beside what the graph's activations say: onnxruntime pads the
 * channels of thin layers and reorders the input.
 */
const held = (activations: number) => (4 / 3) * activations + 96;

/**
 * Covers an image with windows whose sides are multiples of what the network needs and whose pixels take no more than the
 * budget. An image that fits is one window.
 * @param budget bytes that one run may take
 * @param activations bytes that the network's graph holds at once for each pixel of its input
 * @throws NmodeError (BAD_USAGE) where the budget is smaller than the smallest useful tile
 */
export function planTiles(
  width: number,
  height: number,
  multiple: number,
  budget: number,
  activations: number,
): readonly Window[] {
  const bytesPerPixel = held(activations);
  const whole = { width: roundUp(width, multiple), height: roundUp(height, multiple) };
  if (whole.width * whole.height * bytesPerPixel <= budget) return [{ x: 0, y: 0, ...whole }];
  const side = Math.floor(Math.sqrt(budget / bytesPerPixel) / multiple) * multiple;
  const smallest = Math.max(roundUp(4 * OVERLAP, multiple), roundUp(OVERLAP, multiple) + multiple);
  if (side < smallest) {
    const needed = Math.ceil((smallest ** 2 * bytesPerPixel) / 1e6);
    throw new NmodeError(
      'BAD_USAGE',
      `a memory budget of ${budget / 1e6} MB, expected at least ${needed} MB`,
    );
  }
  // A side that the image does not fill leaves room for the other.
  const tileHeight = Math.min(side, whole.height);
  const tileWidth = Math.min(
    Math.floor(budget / bytesPerPixel / tileHeight / multiple) * multiple,
    whole.width,
  );
  return starts(height, tileHeight, multiple).flatMap((y) =>
    starts(width, tileWidth, multiple).map((x) => ({ x, y, width: tileWidth, height: tileHeight })),
  );
}

/**
 * How much a tile counts along one axis of its own: 1 where it is alone, else rising or falling in a line between the
 * beginnings of two windows, and no further than the third begins, so that no pixel is shared by more than two. The weights
 * of all windows add up to 1.
 * @param others where all windows of the axis begin, in order
 */
export function blendWeights(start: number, side: number, others: readonly number[]): Float64Array {
  const before = others.filter((other) => other < start).at(-1);
  const [after = Number.POSITIVE_INFINITY, next = Number.POSITIVE_INFINITY] = others.filter(
    (other) => other > start,
  );
  const rise = before === undefined ? 0 : Math.min(before + side, after) - start;
  const falls = Math.min(after - start, side);
  const fall = Math.min(start + side, next) - after;
  return Float64Array.from({ length: side }, (_, i) => {
    if (i < rise) return (i + 0.5) / rise;
    return i < falls ? 1 : Math.max(0, (falls + fall - i - 0.5) / fall);
  });
}
