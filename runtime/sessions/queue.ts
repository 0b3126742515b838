import { NmodeError } from '../../graph/common/errors.js';
import { onAbort } from '../common/abort.js';

interface Job<W> {
  readonly start: (worker: W) => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/**
 * Jobs in the order in which they came, each given to the worker that has been idle longest. A worker that is lost gets no
 * more of them while others are left.
 */
export class Queue<W> {
  readonly #idle: W[];
  readonly #waiting: Job<W>[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #isAlive: (worker: W) => boolean;
  #closed = false;

  /** @param isAlive whether a worker still works */
  constructor(workers: readonly W[], isAlive: (worker: W) => boolean = () => true) {
    this.#idle = [...workers];
    this.#isAlive = isAlive;
  }

  /**
   * Does a job as soon as a worker is idle.
   * @param signal rejects at once with its reason; a job that still waits is dropped
   * @throws NmodeError (CANNOT_RUN) where the queue is closed
   */
  add<T>(job: (worker: W) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) throw new NmodeError('CANNOT_RUN', 'the session is closed');
      signal?.throwIfAborted();
      const settled = signal === undefined ? () => {} : onAbort(signal, () => drop(signal.reason));
      const drop = (why: unknown) => {
        const at = this.#waiting.indexOf(entry);
        if (at >= 0) this.#waiting.splice(at, 1);
        entry.reject(why);
      };
      const entry: Job<W> = {
        start: async (worker) => {
          try {
            resolve(await job(worker));
          } catch (error) {
            reject(error);
          } finally {
            settled();
          }
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      this.#waiting.push(entry);
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const worker = this.#takeIdle();
    const job = worker === undefined ? undefined : this.#waiting.shift();
    if (worker === undefined || job === undefined) return;
    const done = job.start(worker).finally(() => {
      this.#running.delete(done);
      this.#idle.push(worker);
      this.#next();
    });
    this.#running.add(done);
  }

  #takeIdle(): W | undefined {
    const at = this.#idle.findIndex(this.#isAlive);
    if (at < 0 && this.#running.size > 0) return undefined;
    // Where none is left, one that is lost says why.
    return this.#idle.splice(Math.max(0, at), 1)[0];
  }

  /** Rejects the jobs that wait, and ends when those under way have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0))
      reject(new NmodeError('CANNOT_RUN', 'the session is closed'));
    await Promise.all(this.#running);
  }
}
