import { at } from '../../../graph/common/at.js';

/** Runs that an estimate looks back on: enough that a slow one among them does not move their median. */
const RECENT = 15;

/** The median of no times. */
const UNKNOWN = 0;

/** The median of the latest times, in milliseconds. */
export class Latest {
  readonly #times: number[] = [];
  /** Of an even number the lower: a first run that was slow is no rule. 0 where there are none. */
  median = UNKNOWN;

  add(milliseconds: number): void {
    this.#times.push(milliseconds);
    if (this.#times.length > RECENT) this.#times.shift();
    const sorted = this.#times.toSorted((a, b) => a - b);
    this.median = at(sorted, (sorted.length - 1) >> 1);
  }
}

/** How long runs take: medians of the latest, of all and of those of a size. */
export class RunTimes {
  readonly #all = new Latest();
  readonly #bySize = new Map<number, Latest>();

  /** @param elements of all inputs of the run */
  add(elements: number, milliseconds: number): void {
    const size = sizeOf(elements);
    const same = this.#bySize.get(size) ?? new Latest();
    this.#bySize.set(size, same);
    for (const latest of [this.#all, same]) latest.add(milliseconds);
  }

  /**
   * Milliseconds that a run takes about, alone; 0 where none of its size is known, nor one of a row of it: what overhead takes
   * of a small run tells nothing of a large one.
   */
  of(elements: number, rows = 1): number {
    const same = this.#bySize.get(sizeOf(elements));
    return same?.median ?? rows * (this.#bySize.get(sizeOf(elements / rows))?.median ?? UNKNOWN);
  }

  /** Milliseconds that a run takes about of which nothing is known; 0 before anything has run. */
  get usual(): number {
    return this.#all.median;
  }
}

/** One for all sizes between which there is at most a factor of the square root of two. */
function sizeOf(elements: number): number {
  return Math.round(2 * Math.log2(elements));
}
