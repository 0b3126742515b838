import { PROMPT } from '../scheduling/leases.js';
import type { BufferPool } from './buffer-pool.js';
import { Growing } from './growing.js';
import { type Share, SMALL } from './memory.js';

/** A body whose length is told before it comes. */
export class StatedBody {
  readonly #body: Growing;
  readonly #timer: NodeJS.Timeout;
  #isSlow = false;

  /**
   * @param length bytes that will come
   * @param offset bytes before the first in its memory
   * @param share told of memory before it is taken
   * @throws NmodeError (OVERLOADED) where there is no room for it
   */
  constructor(
    readonly length: number,
    offset: number,
    pool: BufferPool,
    share: Share,
  ) {
    share.add(length);
    const memory = pool.take(offset + length) ?? new ArrayBuffer(offset + Math.min(length, SMALL));
    this.#body = new Growing(memory, offset, length, (more) => this.#isSlow && share.add(more));
    // One that takes its time holds what it has sent, not what it says that it will.
    this.#timer = setTimeout(() => {
      this.#isSlow = true;
      share.add(Math.min(0, this.#body.capacity - length));
    }, PROMPT);
  }

  /** Bytes that have come. */
  get bytes(): Buffer {
    return this.#body.bytes;
  }

  /** Whether all of it has come. */
  get isWhole(): boolean {
    return this.#body.length === this.length;
  }

  /** @throws NmodeError (OVERLOADED) where others took the room of one that takes its time */
  append(part: Buffer): void {
    this.#body.append(part);
  }

  /** Says that no more of it comes. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
