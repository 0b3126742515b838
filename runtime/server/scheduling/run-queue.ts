import type { RunOptions } from '../../sessions/session.js';
import type { FloatOutputs, PlainInputs } from '../../sessions/tensors.js';

export interface RunQueueOptions {
  /** Runs at the same time, each by a worker of its own. */
  readonly workers: number;
  /** Images of one run, where rows are independent; 1 for no batching. */
  readonly maxBatch: number;
  /** Milliseconds that a run may wait for others to join it, while workers are busy. */
  readonly maxDelay: number;
}

/** A run that was asked for. */
export interface Job {
  readonly inputs: PlainInputs;
  readonly options: RunOptions;
  readonly rows: number;
  readonly elements: number;
  /** Jobs of one key can run as one. */
  readonly key: string;
  /** When it began to wait, which may be before it came into line. */
  readonly since: number;
  resolve(outputs: FloatOutputs): void;
  reject(error: unknown): void;
  done: boolean;
}

/** How quickly the time between two jobs is learnt: the share of the newest in the mean. */
const LEARNING = 0.2;

/** Jobs that wait, those first that have waited longest. */
export class RunQueue {
  readonly #jobs: Job[] = [];
  /** Milliseconds from one's coming to the next one's. */
  #gap = Number.POSITIVE_INFINITY;
  #lastCame = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RunQueueOptions) {}

  get length(): number {
    return this.#jobs.length;
  }
  get rows(): number {
    return this.#jobs.reduce((sum, { rows }) => sum + rows, 0);
  }
  get jobs(): readonly Job[] {
    return this.#jobs;
  }

  push(job: Job): void {
    const before = this.#jobs.findLastIndex(({ since }) => since <= job.since);
    this.#jobs.splice(before + 1, 0, job);
    const now = performance.now();
    const gap = now - this.#lastCame;
    this.#gap = Number.isFinite(this.#gap) ? this.#gap + LEARNING * (gap - this.#gap) : gap;
    this.#lastCame = now;
  }

  drop(job: Job): void {
    const at = this.#jobs.indexOf(job);
    if (at >= 0) this.#jobs.splice(at, 1);
  }

  /** Takes all away. */
  clear(): readonly Job[] {
    return this.#jobs.splice(0);
  }

  /** Milliseconds that the first may still wait for company: none where there is one only, or a full batch. */
  get patience(): number {
    const { maxBatch, maxDelay } = this.options;
    const [first] = this.#jobs;
    if (first === undefined || maxBatch === 1 || maxDelay === 0) return 0;
    const company = this.#jobs
      .filter(({ key }) => key === first.key)
      .reduce((sum, { rows }) => sum + rows, 0);
    const patience = first.since + maxDelay - performance.now();
    // Alone, or where they seldom come, it would wait for somebody who may never come.
    if (company <= first.rows || company >= maxBatch || this.#gap > patience) return 0;
    return Math.max(0, patience);
  }

  /** Takes the first, and those behind it that can run with it. */
  take(): readonly Job[] {
    const { workers, maxBatch } = this.options;
    const [first] = this.#jobs;
    if (first === undefined) return [];
    // Other workers get their share: a batch that one would work on alone is slower.
    const share = Math.min(maxBatch, Math.ceil(this.rows / workers));
    let room = Math.max(first.rows, share);
    const batch: Job[] = [];
    for (const job of [...this.#jobs]) {
      if (job !== first && (job.key !== first.key || job.key === '' || job.rows > room)) continue;
      batch.push(job);
      room -= job.rows;
      this.drop(job);
      if (room <= 0 || maxBatch === 1) break;
    }
    return batch;
  }
}
