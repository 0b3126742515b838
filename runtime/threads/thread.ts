import { type Transferable, Worker } from 'node:worker_threads';
import { NmodeError, reason } from '../../graph/errors.js';
import { newActivity, waitAtExit } from './activity.js';
import type { Answer, Methods, Request } from './protocol.js';
import { threadUrl } from './thread-url.js';

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * A thread whose methods are called from here. It keeps the process alive only while a call is under way, so that a
 * program that forgets to close it still ends.
 */
export class Thread<M extends Methods> {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #count = 0;
  /** Why there are no more calls. */
  #ended: NmodeError | undefined;
  #idle = () => {};
  #closing: Promise<void> | undefined;
  readonly #forget: () => void;

  /** @param owner what messages call it */
  constructor(
    name: string,
    readonly owner: string,
  ) {
    const activity = newActivity();
    this.#worker = new Worker(threadUrl(name), { name: `nmode ${name}`, workerData: activity });
    this.#forget = waitAtExit(activity);
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#fail(`a thread failed: ${error.message}`));
    this.#worker.on('exit', () => {
      this.#forget();
      this.#fail('a thread ended');
    });
  }

  /**
   * Calls a method of the thread.
   * @param transfer buffers that are given away instead of copied
   * @throws what the method throws; NmodeError (CANNOT_RUN) where the thread has ended
   */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    transfer: readonly Transferable[] = [],
  ): Promise<Awaited<ReturnType<M[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      const request: Request = { id: this.#count++, method, argument };
      try {
        this.#worker.postMessage(request, transfer);
      } catch (error) {
        throw new NmodeError('BAD_USAGE', `cannot be given to a thread: ${reason(error)}`, { cause: error });
      }
      this.#worker.ref();
      this.#calls.set(request.id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Waits for the calls under way and ends the thread. What it holds must have been released by its own methods. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ended ??= new NmodeError('CANNOT_RUN', `${this.owner} is closed`);
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#worker.terminate();
  }

  #settle({ id, ...answer }: Answer): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if ('value' in answer) call?.resolve(answer.value);
    else call?.reject(new NmodeError(answer.error.code, answer.error.message));
    this.#rest();
  }

  #fail(message: string): void {
    this.#ended ??= new NmodeError('CANNOT_RUN', message);
    for (const { reject } of this.#calls.values()) reject(this.#ended);
    this.#calls.clear();
    this.#rest();
  }

  #rest(): void {
    if (this.#calls.size > 0) return;
    this.#worker.unref();
    this.#idle();
  }
}
