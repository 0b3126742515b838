import { NmodeError } from '../../../graph/errors.js';
import type { BufferPool } from './buffer-pool.js';

/**
 * Bytes up to which a request always finds room: what a few large ones hold must not keep small ones out. They are bounded
 * by the number of requests.
 */
export const SMALL = 2 ** 20;

/** The bytes of bodies and answers that a server holds at a time. */
export class Memory {
  readonly #most: number;
  readonly #pool: BufferPool;
  #held = 0;

  /**
   * @param most bytes, those of requests that are not small and those that the pool keeps
   * @param pool gives way to what comes
   */
  constructor(most: number, pool: BufferPool) {
    this.#most = most;
    this.#pool = pool;
  }

  /** Bytes that requests hold which are not small. */
  get held(): number {
    return this.#held;
  }

  /** What one request holds: nothing yet. */
  share(): Share {
    return new Share((more) => this.#hold(more));
  }

  #hold(more: number): void {
    const held = this.#held + more;
    if (more > 0 && held > this.#most) {
      throw new NmodeError(
        'OVERLOADED',
        `the server is busy: ${this.#most} bytes are there for bodies and answers, ${this.#held} are taken: try again later`,
      );
    }
    if (held + this.#pool.kept > this.#most) this.#pool.clear();
    this.#held = held;
  }
}

/** What one request holds. */
export class Share {
  readonly #hold: (more: number) => void;
  #bytes = 0;
  #ended = false;

  constructor(hold: (more: number) => void) {
    this.#hold = hold;
  }

  /** Takes note of bytes before they are held. @throws NmodeError (OVERLOADED) */
  add(bytes: number): void {
    if (this.#ended) return;
    const before = counted(this.#bytes);
    this.#hold(counted(this.#bytes + bytes) - before);
    this.#bytes += bytes;
  }

  /** Gives back all of it, and takes note of no more: what goes on unseen ends soon. */
  end(): void {
    this.#ended = true;
    this.#hold(-counted(this.#bytes));
    this.#bytes = 0;
  }
}

const counted = (bytes: number) => (bytes > SMALL ? bytes : 0);
