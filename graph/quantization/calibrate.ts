import { floatAt } from '../common/at.js';
import type { Model } from '../ir/model.js';
import { type QuantizableLayer, withOutputs } from './layers.js';
import type { Range } from './parameters.js';

/** The values of a run by their names; the inputs are among them. */
export type Values = Readonly<Record<string, Float32Array>>;

/** Runs a model on each of the images that are typical. */
export type RunEach = (model: Model, take: (values: Values) => void) => Promise<void>;

/**
 * How far values reach:
 * - `minmax`: from the smallest to the largest that was met;
 * - `percentile`: without the 0.01 % of a tensor that lies farthest out at either end, which saturates.
 */
export const CALIBRATION_METHODS = ['minmax', 'percentile'] as const;
export type CalibrationMethod = (typeof CALIBRATION_METHODS)[number];

/** The share of values that a percentile range leaves out at either end. */
const OUTSIDE = 1e-4;
const BINS = 4096;

/** The ranges of all that layers read and give, and of other values. */
export async function calibrate(
  model: Model,
  layers: readonly QuantizableLayer[],
  runEach: RunEach,
  method: CalibrationMethod,
  others: Iterable<string> = [],
): Promise<ReadonlyMap<string, Range>> {
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  const names = [...new Set([...layers.flatMap(({ input, output }) => [input, output]), ...others])];
  const observed = withOutputs(
    model,
    names.filter((name) => !inputs.has(name)),
  );
  const ranges = new Map<string, Range>();
  await runEach(observed, (values) => {
    for (const name of names) {
      const reached = values[name];
      if (reached !== undefined) ranges.set(name, widened(ranges.get(name), reached));
    }
  });
  if (method === 'minmax') return ranges;
  const histograms = new Map(Array.from(ranges, ([name, range]) => [name, new Histogram(range)]));
  await runEach(observed, (values) => {
    for (const [name, histogram] of histograms) {
      const reached = values[name];
      if (reached !== undefined) histogram.add(reached);
    }
  });
  return new Map(Array.from(histograms, ([name, histogram]) => [name, histogram.middle()]));
}

function widened(range: Range = { min: 0, max: 0 }, values: Float32Array): Range {
  let { min, max } = range;
  for (let index = 0; index < values.length; index++) {
    const value = floatAt(values, index);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

class Histogram {
  readonly #range: Range;
  readonly #counts = new Float64Array(BINS);
  #total = 0;

  constructor(range: Range) {
    this.#range = range;
  }

  add(values: Float32Array): void {
    const { min, max } = this.#range;
    const scale = BINS / (max - min || 1);
    for (let index = 0; index < values.length; index++) {
      const bin = Math.min(BINS - 1, Math.floor((floatAt(values, index) - min) * scale));
      this.#counts[bin] = floatAt(this.#counts, bin) + 1;
    }
    this.#total += values.length;
  }

  /** The range without what lies farthest out. */
  middle(): Range {
    const { min, max } = this.#range;
    const width = (max - min) / BINS;
    const outside = OUTSIDE * this.#total;
    const skipped = (counts: Float64Array) => {
      let [bin, sum] = [0, floatAt(counts, 0)];
      while (sum <= outside && bin < BINS - 1) sum += floatAt(counts, ++bin);
      return bin;
    };
    const [low, high] = [skipped(this.#counts), skipped(this.#counts.toReversed())];
    return { min: Math.min(0, min + low * width), max: Math.max(0, max - high * width) };
  }
}
