/** What a request brings: tensors are run as they are, an image is decoded before and made masks of after. */
export type Freight = 'tensors' | 'image';

/** Milliseconds within which a body must have come to keep a place in line: a slow client holds up nobody. */
export const PROMPT = 1000;

/** A request that was accepted: what it runs on is kept for it until it is answered. */
export class Lease {
  readonly #since = performance.now();
  #hasCome = false;
  #isQueued = false;

  constructor(
    readonly freight: Freight,
    private readonly end: (lease: Lease) => void,
  ) {}

  /** Says that its body has come. */
  came(): void {
    this.#hasCome = true;
  }

  /** Says that it is in the line of its model's runs, where it is counted. */
  queued(): void {
    this.#isQueued = true;
  }

  /** Whether it has a place: its body has come, or may soon. */
  get hasPlace(): boolean {
    return this.#hasCome || performance.now() - this.#since < PROMPT;
  }

  /** Whether it has a place, and is not in line yet. */
  get isComing(): boolean {
    return this.hasPlace && !this.#isQueued;
  }

  /** Says that it is answered, or that its client left. */
  release(): void {
    this.end(this);
  }
}

/** The requests of a model that were accepted and are not answered yet. */
export class Leases {
  readonly #held = new Set<Lease>();
  #emptied = () => {};

  take(freight: Freight): Lease {
    const lease = new Lease(freight, (ended) => {
      this.#held.delete(ended);
      if (this.#held.size === 0) this.#emptied();
    });
    this.#held.add(lease);
    return lease;
  }

  #count(freight: Freight, fits: (lease: Lease) => boolean): number {
    return [...this.#held].filter((lease) => lease.freight === freight && fits(lease)).length;
  }

  /** Those with tensors that are about to come. */
  get comingTensors(): number {
    return this.#count('tensors', ({ isComing }) => isComing);
  }

  /** Those with images that have come, or are about to. */
  get images(): number {
    return this.#count('image', ({ hasPlace }) => hasPlace);
  }

  /** Ends when there are none. */
  async end(): Promise<void> {
    if (this.#held.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }
}
