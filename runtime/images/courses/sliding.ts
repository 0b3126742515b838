import { at } from '../../../graph/common/at.js';
import { badImage } from '../../../graph/common/errors.js';
import { floatsOf, toHalf } from '../../../graph/common/half.js';
import type { Probabilities } from '../../common/raster.js';
import { prepareWindow } from '../prepare.js';
import type { Rows } from '../resize.js';
import type { Course, Size } from './course.js';
import { refuseOtherSize } from './padded.js';
import type { Window } from './tiles.js';

/** Windows of one size, and the greatest share of their side that they lie apart. */
interface Sliding extends Size {
  readonly step: number;
}

/**
 * An image in windows of one size at equal steps, as nnU-Net v2 slides them (Isensee et al. 2021): what is smaller lies in the middle
 * of zeros, and outputs are averaged with the weights of a Gaussian. Sums are halves, as there: results are the same to the last bit.
 */
export function slidingCourse(image: Rows, { step, ...patch }: Sliding): Course {
  const { width, height } = image;
  const gaussian = floatsOf(gaussianWeights(patch));
  const sum = new HalfSums(width, height);
  const [down, across] = [starts(height, patch.height, step), starts(width, patch.width, step)];
  if (down.length * across.length > MAX_WINDOWS) {
    throw badImage(
      `the image: ${width}x${height} take ${down.length * across.length} windows of ${patch.width}x${patch.height}, at most ${MAX_WINDOWS}`,
    );
  }
  const windows = down.flatMap((y) => across.map((x) => ({ x, y, ...patch })));
  return {
    windows,
    input: (window, layout) => prepareWindow(image, window, layout, 'zeros'),
    place: (window, output) => {
      refuseOtherSize(output, window);
      sum.add(output, window, gaussian);
    },
    result: () => sum.mean(),
  };
}

/** More take days: those of 64 x 64 of the largest image are a tenth. */
const MAX_WINDOWS = 1e6;

/** Where windows begin along an axis; before it where they are larger. */
export function starts(length: number, side: number, step: number): readonly number[] {
  if (length <= side) return [0 - Math.floor((side - length) / 2)];
  const last = length - side;
  const count = Math.ceil(last / (side * step)) + 1;
  return Array.from({ length: count }, (_, index) => roundHalfEven((last / (count - 1)) * index));
}

/** Python's and NumPy's `round`: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The largest weight. */
const PEAK = 10;

/**
 * The weights of a window's pixels, in half precision: a Gaussian around its middle whose standard deviation is an eighth of the side, cut
 * off at four of these (scipy's gaussian_filter of a single 1). Where it is too small for a half, the smallest that is not.
 */
export function gaussianWeights({ width, height }: Size): Uint16Array {
  const [across, down] = [gaussianAlong(width), gaussianAlong(height)];
  const scale = (Math.max(...across) * Math.max(...down)) / PEAK;
  const weights = Float32Array.from(
    { length: width * height },
    (_, pixel) => (at(down, Math.floor(pixel / width)) * at(across, pixel % width)) / scale,
  );
  const halves = toHalf(weights);
  const smallest = halves.reduce((least, half) => (half > 0 && half < least ? half : least), 0xffff);
  return halves.map((half) => half || smallest);
}

function gaussianAlong(side: number): readonly number[] {
  const sigma = side / 8;
  const radius = Math.floor(4 * sigma + 0.5);
  const bell = (distance: number) => Math.exp((-0.5 / (sigma * sigma)) * distance * distance);
  let total = 0;
  for (let distance = -radius; distance <= radius; distance++) total += bell(distance);
  const centre = Math.floor(side / 2);
  return Array.from({ length: side }, (_, place) =>
    Math.abs(place - centre) > radius ? 0 : bell(place - centre) / total,
  );
}

/** Weighted sums of windows, and of their weights, in half precision. */
class HalfSums {
  readonly #width: number;
  readonly #height: number;
  readonly #weights: Uint16Array;
  #values: Uint16Array | undefined;

  constructor(width: number, height: number) {
    [this.#width, this.#height] = [width, height];
    this.#weights = new Uint16Array(width * height);
  }

  add({ classes, data }: Probabilities, window: Window, weights: Float32Array): void {
    const [width, height] = [this.#width, this.#height];
    this.#values ??= new Uint16Array(classes * width * height);
    const [left, top] = [Math.max(0, -window.x), Math.max(0, -window.y)];
    const columns = Math.min(window.width - left, width - window.x - left);
    const rows = Math.min(window.height - top, height - window.y - top);
    for (let row = top; row < top + rows; row++) {
      const from = row * window.width + left;
      const into = (window.y + row) * width + window.x + left;
      const own = weights.subarray(from, from + columns);
      addTo(this.#weights.subarray(into, into + columns), own, 1);
      for (let index = 0; index < classes; index++) {
        const place = index * width * height + into;
        const given = data.subarray(index * weights.length + from, index * weights.length + from + columns);
        addTo(this.#values.subarray(place, place + columns), given, own);
      }
    }
  }

  mean(): Probabilities | undefined {
    if (this.#values === undefined) return undefined;
    const [width, height] = [this.#width, this.#height];
    const weights = floatsOf(this.#weights);
    const data = floatsOf(this.#values);
    for (let i = 0; i < data.length; i++)
      data[i] = (data[i] as number) / (weights[i % weights.length] as number);
    return { classes: data.length / weights.length, width, height, data: floatsOf(toHalf(data)) };
  }
}

/** Adds products, each rounded to float32, to halves. */
function addTo(sums: Uint16Array, values: Float32Array, weights: Float32Array | 1): void {
  const total = floatsOf(sums);
  for (let i = 0; i < total.length; i++) {
    const weight = weights === 1 ? 1 : (weights[i] as number);
    total[i] = (total[i] as number) + Math.fround((values[i] as number) * weight);
  }
  sums.set(toHalf(total));
}
