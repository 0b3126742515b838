import type { ProviderReport } from '../../node/sessions/session.js';
import type { FloatSession } from '../../sessions/session.js';
import { Backoff } from '../../threads/backoff.js';

/** How often lost workers are looked for, in milliseconds: one that is idle tells nobody that it is lost. */
const CHECK_INTERVAL = 1000;

/** A session that is served. */
export type ServedSession = FloatSession<ProviderReport>;

/** One that can be given runs. */
export interface Worker {
  readonly session: ServedSession;
  /** Runs that it was given and has not answered. */
  load: number;
  /** When it last answered one, as `performance.now()` has it. */
  lastDone: number;
}

export interface WorkersEvents {
  /** One is lost. */
  lost(): void;
  /** Another has come in the place of one that was lost. */
  replaced(): void;
  /** Another could not be opened; it is tried again. */
  failed(error: unknown): void;
}

/** Sessions of one model, of which each that is lost is replaced by another. */
export class Workers {
  /** Undefined in the place of one that is lost, until another is open. */
  readonly #places: (Worker | undefined)[];
  readonly #opening = new Map<number, Promise<void>>();
  readonly #checking: NodeJS.Timeout;
  readonly #backoff = new Backoff();
  #closed = false;

  constructor(
    sessions: readonly ServedSession[],
    private readonly open: () => Promise<ServedSession>,
    private readonly events: WorkersEvents,
  ) {
    this.#places = sessions.map((session) => newWorker(session));
    this.#checking = setInterval(() => this.check(), CHECK_INTERVAL).unref();
  }

  get #present(): readonly Worker[] {
    return this.#places.filter((worker) => worker?.session.alive === true) as Worker[];
  }

  /** Whether one is there. */
  get alive(): boolean {
    return !this.#closed && this.#present.length > 0;
  }

  /** Whether none is there, and the last attempt to open one failed. */
  get isHopeless(): boolean {
    return this.#backoff.hasFailed && this.#present.length === 0;
  }

  /** Runs that can be given away at once, where each takes so many. */
  room(depth: number): number {
    return this.#present.reduce((sum, { load }) => sum + Math.max(0, depth - load), 0);
  }

  /** The one that has the least to do, unless it has so many runs already. */
  idlest(depth: number): Worker | undefined {
    const [idlest] = this.#present.toSorted((a, b) => a.load - b.load);
    return idlest !== undefined && idlest.load < depth ? idlest : undefined;
  }

  /** Replaces those that are lost. */
  check(): void {
    if (this.#closed) return;
    for (const [index, worker] of this.#places.entries()) {
      if (worker?.session.alive === true || this.#opening.has(index)) continue;
      if (worker !== undefined) {
        this.#places[index] = undefined;
        worker.session.close().catch(() => {});
        this.events.lost();
      }
      if (this.#backoff.left > 0) continue;
      const opening = this.#replace(index).finally(() => this.#opening.delete(index));
      this.#opening.set(index, opening);
    }
  }

  async #replace(index: number): Promise<void> {
    try {
      const session = await this.open();
      if (this.#closed) return await session.close();
      this.#places[index] = newWorker(session);
      this.#backoff.succeeded();
      this.events.replaced();
    } catch (error) {
      this.#backoff.failed();
      this.#backoff.restart();
      this.events.failed(error);
    }
  }

  /** Waits for those that are being opened; one attempt is made where none is. */
  async settled(): Promise<void> {
    this.#backoff.skip();
    this.check();
    await Promise.all(this.#opening.values());
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#checking);
    await Promise.all(this.#opening.values());
    await Promise.all(this.#places.map((worker) => worker?.session.close()));
  }
}

function newWorker(session: ServedSession): Worker {
  return { session, load: 0, lastDone: 0 };
}
