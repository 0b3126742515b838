import { NmodeError, reason } from '../../graph/errors.js';
import { onAbort } from '../abort.js';
import type { ProviderReport, RunOptions, Session } from '../sessions/session.js';
import type { Inputs, Outputs, Port } from '../sessions/tensors.js';
import { rowsOf, split, stack, stackKey } from './batch.js';

export interface SchedulerOptions {
  /** Runs at the same time, each by a worker of its own. */
  readonly workers: number;
  /** Runs that may wait; beyond it they are refused. */
  readonly maxQueue: number;
  /** Images of one run, where the model's batch is open; 1 for no batching. */
  readonly maxBatch: number;
  /** Milliseconds that a run may wait for others to join it, while workers are busy. */
  readonly maxDelay: number;
  /** Told of every run of the model: how many images, how many milliseconds. */
  readonly onRun?: (rows: number, milliseconds: number) => void;
}

interface Job {
  readonly inputs: Inputs;
  readonly options: RunOptions;
  readonly rows: number;
  /** Jobs of one key can run as one. */
  readonly key: string;
  readonly since: number;
  resolve(outputs: Outputs): void;
  reject(error: unknown): void;
  done: boolean;
}

interface Worker {
  session: Session | undefined;
  /** Runs that it was given and has not answered. */
  load: number;
}

/** A worker is given the next run while it is at one: it would idle until its answer has come here and another has gone. */
const DEPTH = 2;

/** How quickly the time of a run, and that between two, are learnt: the share of the newest in the mean. */
const LEARNING = 0.2;
/** Before anything has run, a guess in milliseconds. */
const FIRST_GUESS = 50;
/** Between attempts to replace a worker, in milliseconds. */
const RETRY = 1000;

/**
 * Gives runs to workers in the order in which they came: bounded, batched, and with another worker in the place of one that
 * is lost. To a segmenter it is a session.
 */
export class Scheduler<R extends ProviderReport = ProviderReport> implements Session<R> {
  readonly #open: () => Promise<Session<R>>;
  readonly #options: SchedulerOptions;
  readonly #workers: Worker[] = [];
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #first: Session<R>;
  #perRow = FIRST_GUESS;
  /** Milliseconds from one run's coming to the next one's. */
  #gap = Number.POSITIVE_INFINITY;
  #lastCame = Number.NEGATIVE_INFINITY;
  #runningRows = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    open: () => Promise<Session<R>>,
    options: SchedulerOptions,
    sessions: readonly Session<R>[],
  ) {
    const [first] = sessions;
    if (first === undefined) throw new TypeError('no worker');
    this.#open = open;
    this.#options = options;
    this.#first = first;
    for (const session of sessions) this.#workers.push({ session, load: 0 });
  }

  /**
   * Opens the workers, one after the other: the first finds out whether the model can be opened at all.
   * @throws NmodeError (CANNOT_RUN)
   */
  static async start<R extends ProviderReport>(
    open: () => Promise<Session<R>>,
    options: SchedulerOptions,
  ): Promise<Scheduler<R>> {
    const sessions: Session<R>[] = [];
    try {
      while (sessions.length < options.workers) sessions.push(await open());
      return new Scheduler(open, options, sessions);
    } catch (error) {
      await Promise.all(sessions.map((session) => session.close()));
      throw error;
    }
  }

  get inputs(): readonly Port[] {
    return this.#first.inputs;
  }
  get outputs(): readonly Port[] {
    return this.#first.outputs;
  }
  get provider(): R {
    return this.#first.provider;
  }
  get workers(): number {
    return this.#options.workers;
  }
  get threads(): number {
    return this.#first.threads;
  }

  /** Whether a worker is there. */
  get alive(): boolean {
    return this.#closing === undefined && this.#workers.some(({ session }) => session?.alive);
  }

  /** Runs that wait. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** Milliseconds that an image takes about which waits for no other. */
  get alone(): number {
    return this.#perRow;
  }

  /** Milliseconds that a run which comes now will take about, waiting included. */
  get expected(): number {
    const rows = this.#waiting.reduce((sum, job) => sum + job.rows, this.#runningRows + 1);
    return Math.ceil(rows / this.#options.workers) * this.#perRow;
  }

  /**
   * Refuses what cannot be done in time, before anything is done for it.
   * @param within milliseconds
   * @throws NmodeError: OVERLOADED; DEADLINE where it would not be done without others either
   */
  admit(within: number): void {
    const { maxQueue } = this.#options;
    if (this.#waiting.length >= maxQueue) throw overloaded(`${maxQueue} runs are waiting already`);
    // What runs alone is let run, however long others took: otherwise nothing would be learnt any more.
    const isBusy = this.#waiting.length > 0 || this.#runningRows > 0;
    if (!isBusy || this.expected <= within) return;
    if (this.alone > within) throw tooShort(within, this.alone);
    throw overloaded(`it would take about ${Math.ceil(this.expected)} ms, and ${within} ms are given`);
  }

  run(inputs: Inputs, options: RunOptions = {}): Promise<Outputs> {
    return new Promise<Outputs>((resolve, reject) => {
      if (this.#closing !== undefined) throw new NmodeError('CANNOT_RUN', 'the model is being unloaded');
      const { signal, outputs } = options;
      signal?.throwIfAborted();
      if (this.#waiting.length >= this.#options.maxQueue) throw overloaded('too many runs are waiting');
      const batched = this.#options.maxBatch > 1;
      const job: Job = {
        inputs,
        options,
        rows: rowsOf(inputs),
        key: batched ? stackKey(inputs, outputs) : '',
        since: performance.now(),
        done: false,
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      };
      const forget = signal && onAbort(signal, () => this.#drop(job, signal.reason));
      const settle = (how: () => void) => {
        forget?.();
        job.done = true;
        how();
      };
      this.#waiting.push(job);
      this.#came(job.since);
      this.#dispatch();
    });
  }

  #came(now: number): void {
    const gap = now - this.#lastCame;
    this.#gap = Number.isFinite(this.#gap) ? this.#gap + LEARNING * (gap - this.#gap) : gap;
    this.#lastCame = now;
  }

  #drop(job: Job, why: unknown): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    job.reject(why);
  }

  #dispatch(): void {
    for (const worker of this.#workers) if (worker.session?.alive === false) this.#replace(worker);
    while (this.#waiting.length > 0) {
      const worker = this.#idlest();
      if (worker?.session === undefined) return;
      const wait = this.#patience();
      if (wait > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#dispatch();
        }, wait);
        return;
      }
      this.#start(worker, worker.session, this.#take());
    }
  }

  /** The worker that has the least to do, unless it has enough. Where runs are batched, those that wait grow the next batch. */
  #idlest(): Worker | undefined {
    const depth = this.#options.maxBatch > 1 ? 1 : DEPTH;
    const [idlest] = this.#workers
      .filter(({ session }) => session !== undefined)
      .sort((a, b) => a.load - b.load);
    return idlest !== undefined && idlest.load < depth ? idlest : undefined;
  }

  /** Milliseconds that those in line may still wait for company: none where there is one only, or a full batch. */
  #patience(): number {
    const { maxBatch, maxDelay } = this.#options;
    const [first] = this.#waiting;
    if (first === undefined || maxBatch === 1 || maxDelay === 0) return 0;
    const company = this.#waiting
      .filter(({ key }) => key === first.key)
      .reduce((sum, { rows }) => sum + rows, 0);
    const patience = first.since + maxDelay - performance.now();
    // Alone, or where they seldom come, it would wait for somebody who may never come.
    if (company <= first.rows || company >= maxBatch || this.#gap > patience) return 0;
    return Math.max(0, patience);
  }

  /** The first in line, and those behind it that can run with it. */
  #take(): readonly Job[] {
    const [first] = this.#waiting;
    if (first === undefined) return [];
    const batch: Job[] = [];
    // Other workers get their share: a batch that one would work on alone is slower.
    const rows = this.#waiting.reduce((sum, job) => sum + job.rows, 0);
    const share = Math.min(this.#options.maxBatch, Math.ceil(rows / this.#options.workers));
    let room = Math.max(first.rows, share);
    for (const job of [...this.#waiting]) {
      if (job !== first && (job.key !== first.key || job.key === '' || job.rows > room)) continue;
      batch.push(job);
      room -= job.rows;
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      if (room <= 0 || this.#options.maxBatch === 1) break;
    }
    return batch;
  }

  #start(worker: Worker, session: Session, batch: readonly Job[]): void {
    worker.load++;
    const rows = batch.reduce((sum, job) => sum + job.rows, 0);
    this.#runningRows += rows;
    const done = this.#runBatch(session, batch, rows).finally(() => {
      this.#running.delete(done);
      this.#runningRows -= rows;
      worker.load--;
      this.#dispatch();
    });
    this.#running.add(done);
  }

  async #runBatch(session: Session, batch: readonly Job[], rows: number): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const start = performance.now();
    for (const { options } of batch) options.onStart?.();
    try {
      const { outputs } = first.options;
      const together = batch.length === 1 ? first.inputs : stack(batch.map(({ inputs }) => inputs));
      const transfer = batch.length > 1 || (first.options.transfer ?? false);
      const { onSpent } = batch.length === 1 ? first.options : {};
      const found = await session.run(together, {
        transfer,
        ...(outputs && { outputs }),
        ...(onSpent && { onSpent }),
      });
      const milliseconds = performance.now() - start;
      this.#perRow += LEARNING * (milliseconds / rows - this.#perRow);
      this.#options.onRun?.(rows, milliseconds);
      const parts =
        batch.length === 1
          ? [found]
          : split(
              found,
              batch.map((job) => job.rows),
            );
      for (const [index, job] of batch.entries()) job.resolve(parts[index] ?? {});
    } catch (error) {
      const lost = session.alive
        ? error
        : new NmodeError('CANNOT_RUN', `the worker was lost: ${reason(error)}`);
      for (const job of batch) if (!job.done) job.reject(lost);
    }
  }

  /** Opens another session in the place of one whose thread is gone. */
  #replace(worker: Worker): void {
    const { session } = worker;
    if (session === undefined) return;
    worker.session = undefined;
    session.close().catch(() => {});
    const attempt = async (): Promise<void> => {
      if (this.#closing !== undefined) return;
      try {
        const opened = await this.#open();
        if (this.#closing !== undefined) return opened.close();
        worker.session = opened;
        this.#dispatch();
      } catch {
        setTimeout(attempt, RETRY).unref();
      }
    };
    attempt();
  }

  /** Refuses what comes, waits for what is there, and frees what it holds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.length > 0) {
      if (this.#running.size === 0) this.#dispatch();
      if (this.#running.size === 0) break;
      await Promise.race(this.#running);
    }
    for (const job of this.#waiting.splice(0))
      job.reject(new NmodeError('CANNOT_RUN', 'the model is unloaded'));
    await Promise.all(this.#workers.map(({ session }) => session?.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function overloaded(why: string): NmodeError {
  return new NmodeError('OVERLOADED', `the server is busy: ${why}: try again later`);
}

/** What does not come in time, whoever else asks. */
export function tooShort(within: number, takes: number): NmodeError {
  return new NmodeError(
    'DEADLINE',
    `no answer within ${within} ms: an image takes about ${Math.ceil(takes)} ms`,
  );
}
