import { inferTypes } from '../analysis/infer.js';
import { namesIn } from '../analysis/subgraphs.js';
import { floatAt } from '../common/at.js';
import type { Model } from '../ir/model.js';
import { reduceMax, reduceMin } from '../ops/reduce.js';
import { extend, tensorOf } from '../rewriting/extend.js';
import { type QuantizableLayer, withOutputs } from './layers.js';
import type { Range, Ranges } from './parameters.js';

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
): Promise<Ranges> {
  const names = [...new Set([...layers.flatMap(({ input, output }) => [input, output]), ...others])];
  const ranges = await reachedBy(model, names, runEach);
  if (method === 'minmax') return ranges;
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  const computed = names.filter((name) => !inputs.has(name));
  const histograms = new Map(Array.from(ranges, ([name, range]) => [name, new Histogram(range)]));
  await runEach(withOutputs(model, computed), (values) => {
    for (const [name, histogram] of histograms) {
      const reached = values[name];
      if (reached !== undefined) histogram.add(reached);
    }
  });
  return new Map(Array.from(histograms, ([name, histogram]) => [name, histogram.middle()]));
}

/** From the smallest to the largest of each value and zero: found by the runtime, which has its values in memory and many lanes for them. */
async function reachedBy(model: Model, names: readonly string[], runEach: RunEach): Promise<Ranges> {
  const types = inferTypes(model);
  const taken = namesIn(model.graph);
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name);
  const known = names.flatMap((name, index) => {
    const type = types.get(name);
    if (type?.dtype !== 'float32') return [];
    return [
      { name, value: tensorOf(name, type), least: free(`least_${index}`), most: free(`most_${index}`) },
    ];
  });
  const ranges = new Map<string, Range>(known.map(({ name }) => [name, { min: 0, max: 0 }]));
  if (known.length === 0) return ranges;
  const ends = known.flatMap(({ value, least, most }) => [
    [least, reduceMin(value)] as const,
    [most, reduceMax(value)] as const,
  ]);
  await runEach(extend(model, Object.fromEntries(ends)), (values) => {
    for (const { name, least, most } of known) {
      const [range, low, high] = [ranges.get(name), values[least], values[most]];
      if (range === undefined || low === undefined || high === undefined) continue;
      ranges.set(name, {
        min: Math.min(range.min, floatAt(low, 0)),
        max: Math.max(range.max, floatAt(high, 0)),
      });
    }
  });
  return ranges;
}

class Histogram {
  readonly #counts = new Float64Array(BINS);
  #total = 0;

  constructor(private readonly range: Range) {}

  add(values: Float32Array): void {
    const { min, max } = this.range;
    const scale = BINS / (max - min || 1);
    for (let index = 0; index < values.length; index++) {
      const bin = Math.min(BINS - 1, Math.floor((floatAt(values, index) - min) * scale));
      this.#counts[bin] = floatAt(this.#counts, bin) + 1;
    }
    this.#total += values.length;
  }

  /** The range without what lies farthest out. */
  middle(): Range {
    const { min, max } = this.range;
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
