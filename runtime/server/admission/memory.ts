import { overloaded } from '../scheduling/refusals.js';
import type { BufferPool } from './buffer-pool.js';

/**
 * Bytes up to which a request always finds room: what a few large ones hold must not keep small ones out. They are bounded
 * by the number of requests.
 */
export const SMALL = 2 ** 20;

/** Bytes of an answer that always finds room: what was accepted is answered. */
const ANSWER = 2 ** 22;

/** The bytes of bodies and answers that a server holds at a time. */
export class Memory {
  #held = 0;

  /**
   * @param most bytes, those of requests that are not small and those that the pool keeps
   * @param pool gives way to what comes
   */
  constructor(
    private readonly most: number,
    private readonly pool: BufferPool,
  ) {}

  /** Bytes that requests hold which are not small. */
  get held(): number {
    return this.#held;
  }

  /** What one request holds: nothing yet. */
  share(): Share {
    return new Share(this);
  }

  /** @throws NmodeError (OVERLOADED) where there is no room for more, unless it is owed */
  hold(more: number, isOwed: boolean): void {
    const held = this.#held + more;
    if (more > 0 && held > this.most && !isOwed) {
      throw overloaded(`${this.#held} of ${this.most} bytes for bodies and responses are in use`);
    }
    if (held + this.pool.kept > this.most) this.pool.clear();
    this.#held = held;
  }
}

/** What one request holds. */
export class Share {
  #bytes = 0;
  #answer = 0;
  #ended = false;

  constructor(private readonly memory: Memory) {}

  /** Takes note of bytes before they are held. @throws NmodeError (OVERLOADED) */
  add(bytes: number): void {
    this.#add(bytes, false);
  }

  /** Takes note of bytes of the answer. @throws NmodeError (OVERLOADED) for one that is large */
  answer(bytes: number): void {
    this.#answer += bytes;
    this.#add(bytes, this.#answer <= ANSWER);
  }

  #add(bytes: number, isOwed: boolean): void {
    if (this.#ended) return;
    this.memory.hold(counted(this.#bytes + bytes) - counted(this.#bytes), isOwed);
    this.#bytes += bytes;
  }

  /** Gives back all of it, and takes note of no more: what goes on unseen ends soon. */
  end(): void {
    this.#ended = true;
    this.memory.hold(-counted(this.#bytes), false);
    this.#bytes = 0;
  }
}

const counted = (bytes: number) => (bytes > SMALL ? bytes : 0);
