import type { BenchFigures } from '../measuring/bench-figures.js';
import type { Column } from './html.js';

export const SPEED_COLUMNS: readonly Column<BenchFigures>[] = [
  ['p50, ms', ({ p50 }) => p50.toFixed(1)],
  ['p90', ({ p90 }) => p90.toFixed(1)],
  ['p99', ({ p99 }) => p99.toFixed(1)],
  ['ratio', ({ ratioToFirst }) => ratioToFirst.toFixed(3)],
  ['images/s', ({ throughput }) => throughput.toFixed(1)],
  ['load, ms', ({ loadMs }) => loadMs.toFixed(1)],
  ['first, ms', ({ firstMs }) => firstMs.toFixed(1)],
];

/** What it computes, and how far from the first model's result that is. */
export const WORK_COLUMNS: readonly Column<BenchFigures>[] = [
  ['GMAC/s', ({ gmacPerSecond }) => gmacPerSecond?.toFixed(1)],
  [
    'of peak',
    ({ shareOfPeak: share }) => (share === undefined ? undefined : `${(100 * share).toFixed(0)} %`),
  ],
  ['difference', ({ agreement }) => agreement?.maxAbs.toExponential(1)],
  ['1 - DSC', ({ agreement }) => agreement?.dscDrop?.toFixed(5)],
];
