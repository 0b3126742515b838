/** Runs that an estimate looks back on: enough that a slow one among them does not move their median. */
const RECENT = 15;

/** How long runs take: medians of the latest, of all and of those of a size. */
export class RunTimes {
  readonly #latest: number[] = [];
  readonly #bySize = new Map<number, number[]>();

  /** @param elements of all inputs of the run */
  add(elements: number, milliseconds: number): void {
    const size = sizeOf(elements);
    const same = this.#bySize.get(size) ?? [];
    this.#bySize.set(size, same);
    for (const times of [this.#latest, same]) {
      times.push(milliseconds);
      if (times.length > RECENT) times.shift();
    }
  }

  /**
   * Milliseconds that a run takes about, alone; 0 where none of its size is known, nor one of a row of it: what overhead takes
   * of a small run tells nothing of a large one.
   */
  of(elements: number, rows = 1): number {
    const same = this.#bySize.get(sizeOf(elements));
    if (same !== undefined) return median(same);
    return rows * median(this.#bySize.get(sizeOf(elements / rows)) ?? []);
  }

  /** Milliseconds that a run takes about of which nothing is known; 0 before anything has run. */
  get usual(): number {
    return median(this.#latest);
  }
}

/** One for all sizes between which there is at most a factor of the square root of two. */
function sizeOf(elements: number): number {
  return Math.round(2 * Math.log2(elements));
}

/** Of an even number the lower: a first run that was slow is no rule. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0;
}
