/** Milliseconds between attempts that fail: twice as many each time, up to the second. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [1000, 60_000];

/** When to start anew what is lost or fails to start: at once, and after pauses that grow while attempts fail. */
export class Backoff {
  #pause: number;
  #since = Number.NEGATIVE_INFINITY;

  /** @param least milliseconds between attempts that do not fail */
  constructor(private readonly least = 0) {
    this.#pause = least;
  }

  /** Milliseconds until the next attempt; none where it is time. */
  get left(): number {
    return Math.max(0, this.#since + this.#pause - performance.now());
  }

  /** Whether the last attempt failed. */
  get hasFailed(): boolean {
    return this.#pause > this.least;
  }

  succeeded(): void {
    this.#pause = this.least;
  }

  failed(): void {
    this.#pause = Math.min(Math.max(SHORTEST_PAUSE, 2 * this.#pause), LONGEST_PAUSE);
  }

  /** Counts the pause from now on. */
  restart(): void {
    this.#since = performance.now();
  }

  /** Has the next attempt come at once. */
  skip(): void {
    this.#since = Number.NEGATIVE_INFINITY;
  }
}
