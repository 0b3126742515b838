/** Runs that the estimate looks back on: odd, and more than twice as many as one hiccup slows down. */
const RECENT = 15;

interface Run {
  readonly elements: number;
  readonly perElement: number;
}

/** How long runs take: the median of the latest, which a slow one among them does not move. */
export class RunTimes {
  readonly #latest: Run[] = [];

  /** @param elements of all inputs of the run, more than none */
  add(elements: number, milliseconds: number): void {
    this.#latest.push({ elements, perElement: milliseconds / elements });
    if (this.#latest.length > RECENT) this.#latest.shift();
  }

  /** Milliseconds that a run of so many elements takes about; 0 before anything has run. */
  of(elements: number): number {
    return elements * median(this.#latest.map(({ perElement }) => perElement));
  }

  /** Milliseconds that a run of the usual size takes about; 0 before anything has run. */
  get usual(): number {
    return this.of(median(this.#latest.map(({ elements }) => elements)));
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
