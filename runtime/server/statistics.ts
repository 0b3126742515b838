import type { Timings } from '../segmentation.js';

/** How often something was done, and how long it took in all. */
class Sum {
  count = 0;
  #milliseconds = 0;

  add(milliseconds = 0): void {
    this.count++;
    this.#milliseconds += milliseconds;
  }

  /** Triton's StatisticDuration. */
  get duration() {
    return { count: this.count, ns: Math.round(this.#milliseconds * 1e6) };
  }
}

const NONE = new Sum().duration;

/** Numbers of rows that are told apart: more than batches have; of requests that bring others by themselves, no more are. */
const MAX_BATCHES = 64;

/** What was done for a model, under the names of Triton's statistics extension. */
export class ModelCounts {
  #rows = 0;
  #last = 0;
  readonly #success = new Sum();
  readonly #fail = new Sum();
  readonly #queue = new Sum();
  readonly #input = new Sum();
  readonly #infer = new Sum();
  readonly #output = new Sum();
  readonly #batches = new Map<number, Sum>();

  ran(rows: number, milliseconds: number): void {
    this.#last = Date.now();
    this.#rows += rows;
    this.#infer.add(milliseconds);
    const batch = this.#batches.get(rows) ?? new Sum();
    if (this.#batches.size < MAX_BATCHES) this.#batches.set(rows, batch);
    batch.add(milliseconds);
  }

  answered({ queue, decode = 0, preprocess = 0, postprocess, total }: Partial<Timings>): void {
    this.#success.add(total);
    this.#queue.add(queue);
    this.#input.add(decode + preprocess);
    this.#output.add(postprocess);
  }

  failed(milliseconds: number): void {
    this.#fail.add(milliseconds);
  }

  get fields() {
    const batches = [...this.#batches].sort(([a], [b]) => a - b);
    return {
      last_inference: this.#last,
      inference_count: this.#rows,
      execution_count: this.#infer.count,
      inference_stats: {
        success: this.#success.duration,
        fail: this.#fail.duration,
        queue: this.#queue.duration,
        compute_input: this.#input.duration,
        compute_infer: this.#infer.duration,
        compute_output: this.#output.duration,
        cache_hit: NONE,
        cache_miss: NONE,
      },
      batch_stats: batches.map(([size, { duration }]) => ({
        batch_size: size,
        compute_input: NONE,
        compute_infer: duration,
        compute_output: NONE,
      })),
    };
  }
}
