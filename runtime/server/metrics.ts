import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Timings } from '../segmentation.js';
import type { DataPlane } from './data-plane.js';
import { failureReason } from './failures.js';
import { ModelCounts } from './statistics.js';

/** Seconds, from what a small network takes to what nobody waits for. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const MODEL = ['model', 'version'] as const;

/** What a server counts, under Triton's names where it has them. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #success = this.#counter('nv_inference_request_success', 'Requests that were answered', MODEL);
  readonly #failure = this.#counter('nv_inference_request_failure', 'Requests that failed', [
    ...MODEL,
    'reason',
  ]);
  readonly #images = this.#counter('nv_inference_count', 'Images that were run', MODEL);
  readonly #runs = this.#counter('nv_inference_exec_count', 'Runs of the model', MODEL);
  readonly #loads = this.#counter('nmode_model_loads', 'Loads of a model, by how they ended', [
    'model',
    'outcome',
  ]);
  readonly #batch = this.#histogram('nmode_batch_size', 'Images of a run', MODEL, [1, 2, 4, 8, 16, 32, 64]);
  readonly #stages = this.#histogram('nmode_stage_seconds', 'Time by stage', [...MODEL, 'stage'], BUCKETS);
  readonly #requests = this.#histogram(
    'nmode_request_seconds',
    'Time of requests',
    ['route', 'status'],
    BUCKETS,
  );
  readonly #logDropped = this.#counter(
    'nmode_log_lines_dropped_total',
    'Lines of the log that could not be written',
    [],
  );
  readonly #pending = this.#gauge('nv_inference_pending_request_count', 'Runs that wait', MODEL);
  readonly #ready = this.#gauge('nmode_model_ready', 'Whether a model has a worker', [...MODEL, 'provider']);
  readonly #counts = new Map<string, ModelCounts>();
  /** Where each model that was ever loaded runs, or ran. */
  readonly #providers = new Map<string, string>();

  /** @param dataPlane is looked at when metrics are asked for */
  constructor(private readonly dataPlane: () => DataPlane) {
    collectDefaultMetrics({ register: this.#registry });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) {
    return new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [this.#registry] });
  }

  /** What was done for a model since the server began, as the protocol tells it. */
  countsOf(model: string): ModelCounts {
    const counts = this.#counts.get(model) ?? new ModelCounts();
    this.#counts.set(model, counts);
    return counts;
  }

  ran(model: string, rows: number, milliseconds: number): void {
    const labels = { model, version: '1' };
    this.countsOf(model).ran(rows, milliseconds);
    this.#images.inc(labels, rows);
    this.#runs.inc(labels);
    this.#batch.observe(labels, rows);
    this.#stages.observe({ ...labels, stage: 'inference' }, milliseconds / 1000);
  }

  /** @param timings of a request; the run itself is counted where it happens */
  answered(model: string, timings: Partial<Timings>): void {
    this.countsOf(model).answered(timings);
    this.#success.inc({ model, version: '1' });
    for (const [stage, milliseconds] of Object.entries(timings)) {
      if (stage === 'inference' || stage === 'total') continue;
      this.#stages.observe({ model, version: '1', stage }, milliseconds / 1000);
    }
  }

  /** @param milliseconds since it came */
  failed(model: string, error: unknown, milliseconds: number): void {
    this.countsOf(model).failed(milliseconds);
    this.#failure.inc({ model, version: '1', reason: failureReason(error) });
  }

  loaded(model: string, provider: string): void {
    this.#loads.inc({ model, outcome: 'success' });
    this.#providers.set(model, provider);
  }

  refused(model: string): void {
    this.#loads.inc({ model, outcome: 'failure' });
  }

  /** @param status HTTP's number, or gRPC's word */
  requested(route: string, status: number | string, seconds: number): void {
    this.#requests.observe({ route, status: String(status) }, seconds);
  }

  logDropped(lines: number): void {
    this.#logDropped.inc(lines);
  }

  /** Prometheus's text format, and its media type. */
  async text(): Promise<{ readonly text: string; readonly type: string }> {
    this.#pending.reset();
    this.#ready.reset();
    for (const [name, provider] of this.#providers) {
      const model = this.dataPlane().find(name);
      const labels = { model: name, version: '1' };
      this.#pending.set(labels, model?.scheduler.pending ?? 0);
      this.#ready.set({ ...labels, provider }, model?.alive ? 1 : 0);
    }
    return { text: await this.#registry.metrics(), type: this.#registry.contentType };
  }
}
