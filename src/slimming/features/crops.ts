import { at } from '../../../graph/common/at.js';
import { permutation, uniform } from '../../../graph/common/random.js';

/** Height and width. */
export type Size = readonly [height: number, width: number];

/** What a step takes of an image: a part of it, or all. */
export interface Sample {
  /** Of the store. */
  readonly record: number;
  /** Where the part begins, in pixels of the network's input. */
  readonly corner: Size;
}

/** The deepest level of a crop has as many cells each way at least: fewer are mostly border. */
const MIN_CELLS = 8;

/** The size of crops: half the image each way, in whole strides, and no less than the deepest level needs. */
export function cropSize([height, width]: Size, [down, across]: Size): Size {
  const along = (size: number, stride: number) => {
    const half = Math.floor(size / 2 / stride) * stride;
    return Math.min(size, Math.max(half, MIN_CELLS * stride));
  };
  return [along(height, down), along(width, across)];
}

/**
 * What each step takes: all records in an order that looks random, then all in another, and so on; of each a crop. A batch that one order does not
 * fill goes on in the next. Any step can be asked for, so that a training goes on where it was interrupted.
 */
export class Samples {
  readonly batch: number;
  #order: { readonly round: number; readonly places: Uint32Array } | undefined;

  /**
   * @param image the size of images
   * @param crop that of crops
   * @param stride what corners are multiples of
   */
  constructor(
    private readonly records: readonly number[],
    private readonly sizes: { readonly image: Size; readonly crop: Size; readonly stride: Size },
    batch: number,
    private readonly seed: number,
  ) {
    this.batch = Math.min(batch, records.length);
  }

  at(step: number): readonly Sample[] {
    const { length } = this.records;
    const next = uniform(this.#seedOf(CORNERS, step));
    return Array.from({ length: this.batch }, (_, index) => {
      const place = step * this.batch + index;
      const record = at(this.records, at(this.#orderOf(Math.floor(place / length)), place % length));
      return { record, corner: [this.#corner(0, next()), this.#corner(1, next())] };
    });
  }

  #corner(axis: 0 | 1, chosen: number): number {
    const { image, crop, stride } = this.sizes;
    const places = Math.floor((image[axis] - crop[axis]) / stride[axis]) + 1;
    return stride[axis] * Math.floor(places * chosen);
  }

  #orderOf(round: number): Uint32Array {
    if (this.#order?.round !== round) {
      this.#order = { round, places: permutation(this.records.length, this.#seedOf(ORDER, round)) };
    }
    return this.#order.places;
  }

  /** Seeds that lie near each other must not give the same numbers shifted. */
  #seedOf(what: number, count: number): number {
    return Math.imul(Math.imul(this.seed + 1, 0x9e3779b1) ^ (count + 1), 0x85ebca6b) + what;
  }
}

const [ORDER, CORNERS] = [0, 0x5bd1e995];
