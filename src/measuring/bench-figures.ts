import type { Assumption } from '../../graph/recipe/assumption.js';
import type { ProviderPlacement } from '../../runtime/node/sessions/provider-placement.js';
import type { ProviderName } from '../../runtime/node/sessions/providers.js';
import type { ProviderReport } from '../../runtime/node/sessions/session.js';
import type { Difference } from '../transform/difference.js';

/** One run after the other, or all workers busy. */
export const SCENARIOS = ['single', 'offline'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** A model on a provider. Times are in milliseconds. */
export interface BenchFigures {
  readonly file: string;
  /** The one that it ran on. */
  readonly provider: ProviderName;
  readonly session: ProviderReport;
  /** What was taken for the network itself, and is not proven. */
  readonly assumed: readonly Assumption[];
  /** Sizes of its first input. */
  readonly input: readonly number[];
  /** Of single runs. The percentile p of n is the one at floor(n p) of the sorted ones, as in MLPerf's LoadGen. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Images a second. */
  readonly throughput: number;
  /** Median over rounds of the median of its runs, divided by that of the first model's in the same round. */
  readonly ratioToFirst: number;
  /** Median of several loads from memory, each by a process that has just started. */
  readonly loadMs: number;
  /** Of the first run, which allocates and compiles. */
  readonly firstMs: number;
  /** Peak resident memory of its process in 10^6 bytes, of which a bare one takes some 50. */
  readonly peakRssMb: number;
  /** Of the file. */
  readonly bytes: number;
  /** Of the graph in the file. */
  readonly nodes: number;
  /** Multiply-adds of one run, as the graph in the file has them; absent where an operator is not known. */
  readonly macs?: number;
  readonly gmacPerSecond?: number;
  /** Of what matrix products in float32 reach on the same provider and threads. */
  readonly shareOfPeak?: number;
  /** How its outputs differ from the first model's; absent where the two take or give something else. */
  readonly agreement?: Difference;
  readonly placement?: ProviderPlacement;
  /** Milliseconds by operator, as onnxruntime runs the graph; with a report. */
  readonly operators?: Readonly<Record<string, number>>;
  /** Of every run that is counted. */
  readonly times: readonly number[];
}

export interface BenchReport {
  readonly models: readonly BenchFigures[];
  readonly scenario: Scenario;
  readonly runs: number;
  /** Of one run. */
  readonly threads: number;
  /** Runs at the same time. */
  readonly workers: number;
  /** 10^9 multiply-adds a second of matrix products on the first model's provider. */
  readonly peakGmacPerSecond: number;
}
