import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { isGone } from '../common/buffers.js';
import type { Answer, Methods, Request } from './protocol.js';

/** What can be given to a thread instead of being copied: in Node buffers, in browsers bitmaps as well. */
export type Given = object;

/** How a platform reaches a thread. */
export interface Transport {
  post(request: Request, give: readonly Given[]): void;
  /** Told when the first of some calls begins, and when the last has ended. */
  busy?(isBusy: boolean): void;
  /** Ends the thread, one that has ended already as well. */
  end(): Promise<void> | void;
}

/** What a thread tells. */
export interface Listener {
  answered(answer: Answer): void;
  /** It has ended, or can be relied on no more and is ended. */
  lost(message: string): void;
}

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A thread whose methods are called from here. */
export class Thread<M extends Methods> {
  readonly #transport: Transport;
  readonly #calls = new Map<number, Call>();
  #count = 0;
  /** Why there are no more calls. */
  #ended: NmodeError | undefined;
  #idle = () => {};
  #closing: Promise<void> | undefined;
  #onLost = () => {};

  /**
   * @param start starts the thread
   * @param owner what messages call it
   */
  constructor(
    start: (listener: Listener) => Transport,
    readonly owner: string,
  ) {
    this.#transport = start({
      answered: (answer) => this.#settle(answer),
      lost: (message) => this.#lose(new NmodeError('CANNOT_RUN', message)),
    });
  }

  /**
   * Calls a method of the thread. The argument is copied, and what is given away taken, before this returns.
   * @param give what is given away instead of copied
   * @throws what the method throws; NmodeError: CANNOT_RUN where the thread has ended, or ends before it has answered,
   * BAD_USAGE for what cannot be copied or was given away before
   */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    give: readonly Given[] = [],
  ): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      const request: Request = { id: this.#count++, method, argument };
      try {
        // Node 20 would post it, and the thread receive nothing.
        if (give.some((each) => each instanceof ArrayBuffer && isGone(each))) {
          throw new TypeError('a buffer was transferred before');
        }
        this.#transport.post(request, give);
      } catch (error) {
        throw badUsage(`cannot be given to a thread: ${reason(error)}`, { cause: error });
      }
      this.#transport.busy?.(true);
      this.#calls.set(request.id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Whether it takes calls. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** Calls back when the thread is lost or abandoned, before the calls under way fail; not when it is closed. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  /** Waits for the calls under way and ends the thread. What it holds must have been released by its own methods. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends the thread at once; calls under way fail with this. What it holds outside its own memory is lost. */
  abandon(why: unknown): void {
    this.#lose(why instanceof NmodeError ? why : new NmodeError('CANNOT_RUN', reason(why)));
  }

  #lose(why: NmodeError): void {
    if (this.#ended === undefined) {
      this.#ended = why;
      this.#onLost();
    }
    for (const { reject } of this.#calls.values()) reject(why);
    this.#calls.clear();
    this.#rest();
    this.#transport.end();
  }

  async #close(): Promise<void> {
    this.#ended = new NmodeError('CANNOT_RUN', `${this.owner} is closed`);
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#transport.end();
  }

  #settle({ id, ...answer }: Answer): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if ('value' in answer) call?.resolve(answer.value);
    else call?.reject(new NmodeError(answer.error.code, answer.error.message));
    this.#rest();
  }

  #rest(): void {
    if (this.#calls.size > 0) return;
    this.#transport.busy?.(false);
    this.#idle();
  }
}
