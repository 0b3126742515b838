import { at } from '../../graph/common/at.js';
import { permutation } from '../../graph/common/random.js';

/**
 * Which records each step takes: all in an order that looks random, then all in another, and so on. A batch that one order does not fill goes on
 * in the next. Any step can be asked for, so that a training goes on where it was interrupted.
 */
export class Batches {
  readonly #records: readonly number[];
  readonly #seed: number;
  readonly size: number;
  #order: { readonly round: number; readonly places: Uint32Array } | undefined;

  /** @param size of a batch; all records where there are fewer */
  constructor(records: readonly number[], size: number, seed: number) {
    this.#records = records;
    this.#seed = seed;
    this.size = Math.min(size, records.length);
  }

  at(step: number): readonly number[] {
    const { length } = this.#records;
    return Array.from({ length: this.size }, (_, index) => {
      const place = step * this.size + index;
      return at(this.#records, at(this.#orderOf(Math.floor(place / length)), place % length));
    });
  }

  #orderOf(round: number): Uint32Array {
    if (this.#order?.round !== round) {
      // Consecutive seeds give unlike orders, and rounds of one training none of those of another.
      this.#order = {
        round,
        places: permutation(this.#records.length, Math.imul(this.#seed + 1, 0x85ebca6b) + round),
      };
    }
    return this.#order.places;
  }
}
