import { NmodeError, reason } from '../../graph/errors.js';
import type { Answer, Methods, Request } from './protocol.js';

/** What can be given to a thread instead of being copied: in Node buffers, in browsers bitmaps as well. */
export type Given = object;

/** How a platform reaches a thread. */
export interface Line {
  post(request: Request, give: readonly Given[]): void;
  /** Told when the first of some calls begins, and when the last has ended. */
  busy?(isBusy: boolean): void;
  end(): Promise<void> | void;
}

/** What a thread tells. */
export interface Ear {
  answered(answer: Answer): void;
  /** It has ended or cannot be reached any more. */
  lost(message: string): void;
}

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A thread whose methods are called from here. */
export class Thread<M extends Methods> {
  readonly #line: Line;
  readonly #calls = new Map<number, Call>();
  #count = 0;
  /** Why there are no more calls. */
  #ended: NmodeError | undefined;
  #idle = () => {};
  #closing: Promise<void> | undefined;

  /**
   * @param start starts the thread
   * @param owner what messages call it
   */
  constructor(
    start: (ear: Ear) => Line,
    readonly owner: string,
  ) {
    this.#line = start({
      answered: (answer) => this.#settle(answer),
      lost: (message) => this.#fail(new NmodeError('CANNOT_RUN', message)),
    });
  }

  /**
   * Calls a method of the thread.
   * @param give what is given away instead of copied
   * @throws what the method throws; NmodeError (CANNOT_RUN) where the thread has ended
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
        this.#line.post(request, give);
      } catch (error) {
        throw new NmodeError('BAD_USAGE', `cannot be given to a thread: ${reason(error)}`, { cause: error });
      }
      this.#line.busy?.(true);
      this.#calls.set(request.id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Whether it takes calls. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  /** Waits for the calls under way and ends the thread. What it holds must have been released by its own methods. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends the thread at once; calls under way fail with this. What it holds outside its own memory is lost. */
  abandon(why: unknown): void {
    this.#fail(why instanceof NmodeError ? why : new NmodeError('CANNOT_RUN', reason(why)));
    this.#line.end();
  }

  async #close(): Promise<void> {
    this.#ended ??= new NmodeError('CANNOT_RUN', `${this.owner} is closed`);
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#line.end();
  }

  #settle({ id, ...answer }: Answer): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if ('value' in answer) call?.resolve(answer.value);
    else call?.reject(new NmodeError(answer.error.code, answer.error.message));
    this.#rest();
  }

  #fail(why: NmodeError): void {
    this.#ended ??= why;
    for (const { reject } of this.#calls.values()) reject(this.#ended);
    this.#calls.clear();
    this.#rest();
  }

  #rest(): void {
    if (this.#calls.size > 0) return;
    this.#line.busy?.(false);
    this.#idle();
  }
}
