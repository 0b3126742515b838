import { Backoff } from './backoff.js';
import type { Methods } from './protocol.js';
import type { Thread } from './thread.js';

/** Methods of a thread that holds nothing which outlives a piece of work. */
export interface Replaceable extends Methods {
  /** Loads what the others need, and so shows that the thread works. */
  readonly warmUp: () => unknown;
}

/**
 * A thread in whose place another is started when it is lost: what it had fails, what comes next does not. Where that is lost
 * at once as well, the next one is started after a pause, in which calls fail at once.
 */
export class Respawning<M extends Replaceable> {
  #current: Thread<M>;
  #warmingUp: Promise<void> = Promise.resolve();
  #isReady = false;
  #isReplaced = true;
  /** Also threads that get ready may be lost at once. */
  readonly #backoff = new Backoff(1000);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param start starts the thread
   * @throws what `start` throws
   */
  constructor(private readonly start: () => Thread<M>) {
    this.#current = this.#begin();
  }

  /** The same, once it is ready. @throws what the thread fails with until then */
  static async ready<M extends Replaceable>(start: () => Thread<M>): Promise<Respawning<M>> {
    const thread = new Respawning(start);
    // Whoever waits for it is told why it does not come.
    thread.#isReplaced = false;
    try {
      await thread.#warmingUp;
      thread.#isReplaced = true;
      return thread;
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** The thread of now. What takes several calls keeps to the one that it began with. */
  get current(): Thread<M> {
    return this.#current;
  }

  /** Whether there is one, and it works. */
  get alive(): boolean {
    return this.#isReady && this.#current.alive;
  }

  /** Waits for calls under way and ends the thread for good. */
  close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing ??= this.#current.close();
    return this.#closing;
  }

  #begin(): Thread<M> {
    const thread = this.start();
    thread.onLost(() => this.#replace());
    this.#warmingUp = thread.call('warmUp', undefined as never).then(() => {
      this.#isReady = true;
    });
    // A thread that cannot get ready is as good as lost.
    this.#warmingUp.catch((error: unknown) => thread.abandon(error));
    return thread;
  }

  #replace(): void {
    if (this.#closing !== undefined || !this.#isReplaced) return;
    if (this.#isReady) this.#backoff.succeeded();
    else this.#backoff.failed();
    this.#isReady = false;
    const { left } = this.#backoff;
    if (left === 0) {
      this.#restart();
      return;
    }
    this.#timer = setTimeout(() => this.#restart(), left);
    // Node has nothing to stay alive for.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #restart(): void {
    this.#backoff.restart();
    try {
      this.#current = this.#begin();
    } catch {
      this.#replace();
    }
  }
}
