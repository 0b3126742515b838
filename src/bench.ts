import { basename } from 'node:path';
import { NmodeError } from '../graph/errors.js';
import { loadModel } from '../runtime/node/model.js';
import { createSession, type ProviderReport, type SessionOptions } from '../runtime/node/sessions/session.js';
import { probeInputs } from '../runtime/sessions/probe.js';
import type { Port } from '../runtime/sessions/tensors.js';
import { nominalSizes } from './nominal.js';
import { percentile } from './percentile.js';

export interface BenchOptions extends SessionOptions {
  /** An .onnx file. */
  readonly model: string;
  /** Height and width where the model leaves them open; default 256 x 256. */
  readonly size?: { readonly height: number; readonly width: number };
  /** Timed runs; default 50. */
  readonly runs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Milliseconds. A percentile p of n runs is the one at floor(n p) of the sorted ones, as in MLPerf's LoadGen. */
export interface Latency {
  readonly min: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

export interface BenchReport {
  readonly model: string;
  readonly provider: ProviderReport;
  readonly input: readonly number[];
  readonly runs: number;
  readonly threads: number;
  readonly workers: number;
  /** Milliseconds until the model is loaded, an accelerator's check included. */
  readonly load: number;
  /** Milliseconds of the first run, which allocates and compiles. */
  readonly first: number;
  /** Of single runs, one after the other. */
  readonly latency: Latency;
  /** Images a second with all workers busy. */
  readonly throughput: number;
  /** Bytes of resident memory afterwards, those of this program included. */
  readonly residentBytes: number;
}

/** The input as nominal, with the sizes that were asked for in place of open ones. */
function sized(port: Port, size: BenchOptions['size']): Port {
  if (size !== undefined && port.shape.slice(1).every((dim) => typeof dim === 'number')) {
    throw new NmodeError('BAD_USAGE', `a size of ${size.height}x${size.width}: the model's is fixed`);
  }
  const space = port.dtype === 'uint8' ? [1, 2] : [2, 3];
  const shape = port.shape.map((dim, axis) => {
    if (typeof dim === 'number' || size === undefined) return dim;
    return axis === space[0] ? size.height : axis === space[1] ? size.width : dim;
  });
  return { ...port, shape: nominalSizes(port.name, shape).shape };
}

/**
 * Measures a model's runs on noise.
 * @throws NmodeError: BAD_MODEL, BAD_USAGE, CANNOT_RUN
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const { runs = 50, signal, onProgress } = options;
  if (!(Number.isSafeInteger(runs) && runs > 0)) {
    throw new NmodeError('BAD_USAGE', `${runs} runs, expected a whole number from 1 on`);
  }
  const { bytes } = await loadModel(options.model);
  const loadStart = performance.now();
  const session = await createSession(bytes, options);
  try {
    const load = performance.now() - loadStart;
    const feeds = probeInputs(session.inputs.map((port) => sized(port, options.size)));
    const timed = async () => {
      const start = performance.now();
      await session.run(feeds, signal && { signal });
      return performance.now() - start;
    };
    const first = await timed();
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      onProgress?.(run, runs);
      times.push(await timed());
    }
    onProgress?.(runs, runs);
    times.sort((a, b) => a - b);
    const busyStart = performance.now();
    await Promise.all(Array.from({ length: runs }, timed));
    return {
      model: basename(options.model),
      provider: session.provider,
      input: Object.values(feeds)[0]?.dims ?? [],
      runs,
      threads: session.threads,
      workers: session.workers,
      load,
      first,
      latency: {
        min: times[0] ?? Number.NaN,
        median: percentile(times, 0.5),
        p90: percentile(times, 0.9),
        p99: percentile(times, 0.99),
      },
      throughput: (1000 * runs) / (performance.now() - busyStart),
      residentBytes: process.memoryUsage.rss(),
    };
  } finally {
    await session.close();
  }
}
