import { at } from '../../../graph/common/at.js';
import { NmodeError, reason } from '../../../graph/common/errors.js';
import { pick } from '../../../graph/common/pick.js';
import { onAbort } from '../../common/abort.js';
import type { ProviderReport } from '../../node/sessions/session.js';
import { rowsOf } from '../../sessions/rows.js';
import type { RunOptions } from '../../sessions/session.js';
import type { FloatOutputs, PlainInputs, Port } from '../../sessions/tensors.js';
import { elementsOf, split, stack, stackKey } from './batch.js';
import { overloaded, refuseLate, tooShort } from './refusals.js';
import { type Job, RunQueue, type RunQueueOptions } from './run-queue.js';
import { RunTimes } from './run-times.js';
import { type ServedSession, type Worker, Workers } from './workers.js';

export interface SchedulerOptions extends RunQueueOptions {
  /** Images of runs that may wait; beyond it requests are not admitted. */
  readonly maxQueue: number;
  /** Told of every run of the model: how many images, how many milliseconds. */
  readonly onRun?: (rows: number, milliseconds: number) => void;
  /** Told of workers that are lost or cannot be replaced, and why. */
  readonly onTrouble?: (what: string, why: string) => void;
}

/** A worker is given the next run while it is at one: it would idle until its answer has come here and another has gone. */
const DEPTH = 2;

/**
 * Gives runs to workers in the order in which they came: bounded, batched, and with another worker in the place of one that
 * is lost. To a segmenter it is a session.
 */
export class Scheduler implements ServedSession {
  readonly #workers: Workers;
  readonly #queue: RunQueue;
  readonly #running = new Map<Promise<void>, readonly Job[]>();
  readonly #first: ServedSession;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  #closing: Promise<void> | undefined;

  private constructor(
    open: () => Promise<ServedSession>,
    private readonly options: SchedulerOptions,
    sessions: readonly ServedSession[],
    private readonly times: RunTimes,
  ) {
    const [first] = sessions;
    if (first === undefined) throw new TypeError('no worker');
    this.#first = first;
    this.#queue = new RunQueue(options);
    this.#workers = new Workers(sessions, open, {
      lost: () => options.onTrouble?.('worker lost, another is opened', ''),
      replaced: () => this.#dispatch(),
      failed: (error) => {
        options.onTrouble?.('no worker in the place of one that was lost', reason(error));
        // Who ends waits for no worker that does not come.
        if (this.#closing !== undefined) this.abort(error);
      },
    });
  }

  /**
   * Opens the workers, one after the other: the first finds out whether the model can be opened at all.
   * @param times of runs that were made before
   * @throws NmodeError (CANNOT_RUN)
   */
  static async start(
    open: () => Promise<ServedSession>,
    options: SchedulerOptions,
    times = new RunTimes(),
  ): Promise<Scheduler> {
    const sessions: ServedSession[] = [];
    try {
      while (sessions.length < options.workers) sessions.push(await open());
      return new Scheduler(open, options, sessions, times);
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
  get provider(): ProviderReport {
    return this.#first.provider;
  }
  get workers(): number {
    return this.options.workers;
  }
  get threads(): number {
    return this.#first.threads;
  }

  /** Whether a worker is there. */
  get alive(): boolean {
    return this.#closing === undefined && this.#workers.alive;
  }

  /** Runs that wait. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Whether a run that comes now shares the workers with others. */
  get #isBusy(): boolean {
    return this.#queue.length > 0 || this.#running.size > 0;
  }

  /** Where runs are batched, those that wait grow the next batch. */
  get #depth(): number {
    return this.options.maxBatch > 1 ? 1 : DEPTH;
  }

  /** Images of a run, where the model's first dimension counts them. */
  #rowsOf(inputs: PlainInputs): number {
    return this.inputs.every(({ shape }) => typeof shape[0] === 'string') ? rowsOf(inputs) : 1;
  }

  /** Milliseconds that an image takes about which waits for no other. */
  get alone(): number {
    return this.times.usual;
  }

  /** Milliseconds that a run which comes now will take about, behind so many that are still to come. */
  #expected(coming: number): number {
    const { usual } = this.times;
    const jobs = [...this.#queue.jobs, ...[...this.#running.values()].flat()];
    const before = jobs.reduce((sum, { elements, rows }) => sum + this.times.of(elements, rows), 0);
    return (before + coming * usual) / this.options.workers + usual;
  }

  /**
   * Refuses what there is no room or no time for, before anything is done for it.
   * @param within milliseconds
   * @param coming runs that were admitted and have not come yet
   * @param images of those that wait elsewhere, and will run before it
   * @throws NmodeError: OVERLOADED; DEADLINE where it would not be done without others either
   */
  admit(within: number, coming = 0, images = 0): void {
    const { maxQueue } = this.options;
    if (this.#workers.isHopeless) throw overloaded('the model has no worker, and none could be opened');
    if (this.#queue.rows + coming >= maxQueue + this.#workers.room(this.#depth))
      throw overloaded(`${maxQueue} runs are waiting already`);
    this.checkTime(within, coming + images);
  }

  /** As `admit`, for what has been given its place. */
  checkTime(within: number, coming = 0): void {
    // What runs alone is let run, however long others took: otherwise nothing would be learnt any more.
    if (!this.#isBusy && coming === 0) return;
    refuseLate(within, this.#expected(coming), this.alone);
  }

  /**
   * Refuses what takes longer than it may whoever else asks, and would hold up others.
   * @throws NmodeError (DEADLINE)
   */
  checkSize(inputs: PlainInputs, within: number): void {
    const rows = this.#rowsOf(inputs);
    const takes = this.times.of(elementsOf(inputs), rows);
    if (this.#isBusy && takes > within) throw tooShort(within, takes, rows);
  }

  /** Runs what was admitted. @throws NmodeError (CANNOT_RUN); the signal's reason */
  run(inputs: PlainInputs, options: RunOptions = {}): Promise<FloatOutputs> {
    return new Promise<FloatOutputs>((resolve, reject) => {
      if (this.#closing !== undefined) throw new NmodeError('CANNOT_RUN', 'the model is being unloaded');
      const { signal, outputs } = options;
      signal?.throwIfAborted();
      const batched = this.options.maxBatch > 1;
      const job: Job = {
        inputs,
        options,
        rows: this.#rowsOf(inputs),
        elements: elementsOf(inputs),
        key: batched ? stackKey(inputs, outputs) : '',
        since: options.since ?? performance.now(),
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
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  #drop(job: Job, why: unknown): void {
    this.#queue.drop(job);
    job.reject(why);
  }

  #dispatch(): void {
    this.#workers.check();
    while (this.#queue.length > 0) {
      const worker = this.#workers.idlest(this.#depth);
      if (worker === undefined) return;
      const wait = this.#isDraining ? 0 : this.#queue.patience;
      if (wait > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#dispatch();
        }, wait);
        return;
      }
      this.#start(worker, this.#queue.take());
    }
  }

  #start(worker: Worker, batch: readonly Job[]): void {
    worker.load++;
    const done = this.#runBatch(worker, batch).finally(() => {
      worker.lastDone = performance.now();
      this.#running.delete(done);
      worker.load--;
      this.#dispatch();
    });
    this.#running.set(done, batch);
  }

  async #runBatch(worker: Worker, batch: readonly Job[]): Promise<void> {
    const { session } = worker;
    const [first] = batch;
    if (first === undefined) return;
    const rows = batch.map((job) => job.rows);
    const start = performance.now();
    for (const { options } of batch) options.onStart?.();
    try {
      const together = batch.length === 1 ? first.inputs : stack(batch.map(({ inputs }) => inputs));
      const transfer = batch.length > 1 || (first.options.transfer ?? false);
      const found = await session.run(together, {
        type: 'float32',
        transfer,
        ...pick(first.options, batch.length === 1 ? ['outputs', 'onSpent'] : ['outputs']),
      });
      // It began when the run before it had ended.
      const milliseconds = performance.now() - Math.max(start, worker.lastDone);
      const total = rows.reduce((sum, count) => sum + count, 0);
      for (const job of batch) this.times.add(job.elements, (milliseconds * job.rows) / total);
      this.options.onRun?.(total, milliseconds);
      const parts = batch.length === 1 ? [found] : split(found, rows);
      for (const [index, job] of batch.entries()) job.resolve(at(parts, index));
    } catch (error) {
      // What failed together may do alone; what is wrong with one is no other's fault.
      if (batch.length > 1 && session.alive) {
        for (const job of batch) if (!job.done) await this.#runBatch(worker, [job]);
        return;
      }
      const lost = session.alive
        ? error
        : new NmodeError('CANNOT_RUN', `the worker was lost: ${reason(error)}`);
      for (const job of batch) if (!job.done) job.reject(lost);
    }
  }

  /** Has nothing wait for company any more. */
  drain(): void {
    this.#isDraining = true;
    this.#dispatch();
  }

  /** Fails what waits. */
  abort(why: unknown): void {
    for (const job of this.#queue.clear()) job.reject(why);
  }

  /** Refuses what comes, waits for what is there, and frees what it holds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.#running.size > 0 || this.#queue.length > 0) {
      this.drain();
      await (this.#running.size > 0 ? Promise.race(this.#running.keys()) : this.#workers.settled());
    }
    clearTimeout(this.#timer);
    await this.#workers.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
