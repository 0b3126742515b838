import { at } from '../../graph/common/at.js';
import type { Normalization, Statistic } from '../../graph/recipe/normalization.js';
import { type Arithmetic, normalize } from '../../graph/recipe/normalize.js';
import { fullScale, type ImageRaster } from '../common/raster.js';

/** What becomes of each value that a sample may have, channel by channel; and last, where there is a foreground, of what is outside. */
export type Levels = readonly Float64Array[];

/** One for each channel. */
type Numbers = readonly number[];

/** What a channel holds: what has become of each stored value, and how often that occurs. */
interface Histogram {
  readonly values: Float64Array;
  readonly counts: Uint32Array;
  /** The first stored value that counts, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/**
 * What a normalization makes of each value that the samples of an image may have: samples are whole numbers, and all that is
 * to be known of an image is how often each occurs.
 */
export function levelsOf(image: ImageRaster, normalization: Normalization, foreground?: Uint8Array): Levels {
  const full = fullScale(image);
  const stored = Float64Array.from({ length: full + 1 + Number(foreground !== undefined) }, (_, value) =>
    value > full ? 0 : value,
  );
  const levels = Array.from({ length: image.channels }, () => stored);
  return normalize(arithmeticOf(image, full + 1, foreground), levels, normalization, full);
}

function arithmeticOf(
  image: ImageRaster,
  size: number,
  foreground: Uint8Array | undefined,
): Arithmetic<Levels, Numbers> {
  let counted: readonly Uint32Array[] | undefined;
  const statistic =
    (compute: (of: readonly Histogram[]) => number) =>
    (x: Levels, { per, over }: Statistic): Numbers => {
      // Not all normalizations look at the image.
      counted ??= countsOf(image, size, foreground);
      const counts = counted;
      const from = over === 'nonzero' ? 1 : 0;
      const to = over === undefined || over === 'all' ? size + 1 : size;
      const channels = x.map((values, channel) => ({ values, counts: at(counts, channel), from, to }));
      if (per === 'channel') return channels.map((channel) => compute([channel]));
      return Array<number>(x.length).fill(compute(channels));
    };
  const mapped = (x: Levels, change: (value: number, channel: number) => number): Levels =>
    x.map((values, channel) => values.map((value) => change(value, channel)));
  return {
    numbers: (values) =>
      values.length === image.channels ? values : Array<number>(image.channels).fill(at(values, 0)),
    least: statistic((of) => folded(of, Number.POSITIVE_INFINITY, (least, value) => Math.min(least, value))),
    most: statistic((of) => folded(of, Number.NEGATIVE_INFINITY, (most, value) => Math.max(most, value))),
    mean: statistic((of) => mean(of, (value) => value)),
    rootMeanSquare: statistic((of) => Math.sqrt(mean(of, (value) => value * value))),
    percentile: (x, percent, of) => statistic((histograms) => percentile(histograms, percent))(x, of),
    difference: (a, b) => a.map((value, channel) => value - at(b, channel)),
    quotient: (number, s, least) => s.map((value) => number / Math.max(value, least)),
    subtract: (x, s) => mapped(x, (value, channel) => value - at(s, channel)),
    multiply: (x, s) => mapped(x, (value, channel) => value * at(s, channel)),
    clip: (x, low, high) =>
      mapped(x, (value, channel) => Math.min(Math.max(value, at(low, channel)), at(high, channel))),
    keepZeros: (x, over) =>
      x.map((values) =>
        values.map((value, level) => (level === size || (over === 'nonzero' && level === 0) ? 0 : value)),
      ),
    diagonal: (images) => images.map((x, channel) => at(x, channel)),
  };
}

/** Samples that are counted channel by channel at a time: few enough to stay in the cache of a core. */
const BLOCK = 4096;

/** How often each value occurs in each channel; and last, how many pixels are outside of the foreground, where all are 0. */
function countsOf(image: ImageRaster, size: number, foreground: Uint8Array | undefined) {
  const counts = countsOfAll(image, size + 1);
  const outside = foreground?.reduce((sum, inside) => sum + 1 - inside, 0) ?? 0;
  for (const own of counts) {
    own[0] = (own[0] as number) - outside;
    own[size] = outside;
  }
  return counts;
}

function countsOfAll({ data, channels }: ImageRaster, size: number): readonly Uint32Array[] {
  const all = Array.from({ length: channels }, () => new Uint32Array(size));
  const [red, green, blue] = all;
  // Colours in one go, as most images are.
  if (channels === 3 && red && green && blue) {
    for (let i = 0; i < data.length; i += 3) {
      const r = data[i] as number;
      const g = data[i + 1] as number;
      const b = data[i + 2] as number;
      red[r] = (red[r] as number) + 1;
      green[g] = (green[g] as number) + 1;
      blue[b] = (blue[b] as number) + 1;
    }
    return all;
  }
  for (let start = 0; start < data.length; start += channels * BLOCK) {
    const end = Math.min(start + channels * BLOCK, data.length);
    for (let channel = 0; channel < channels; channel++) {
      const counts = at(all, channel);
      for (let i = start + channel; i < end; i += channels) {
        const value = data[i] as number;
        counts[value] = (counts[value] as number) + 1;
      }
    }
  }
  return all;
}

function folded(
  of: readonly Histogram[],
  start: number,
  next: (before: number, value: number, count: number) => number,
): number {
  let result = start;
  for (const { values, counts, from, to } of of) {
    for (let level = from; level < to; level++) {
      const count = counts[level] as number;
      if (count > 0) result = next(result, values[level] as number, count);
    }
  }
  return result;
}

function mean(of: readonly Histogram[], change: (value: number) => number): number {
  const total = folded(of, 0, (sum, _, count) => sum + count);
  return total === 0 ? 0 : folded(of, 0, (sum, value, count) => sum + count * change(value)) / total;
}

/** NumPy's `percentile`, linear between the samples in their order. */
function percentile(of: readonly Histogram[], percent: number): number {
  const found: (readonly [value: number, count: number])[] = [];
  const total = folded(of, 0, (sum, value, count) => {
    found.push([value, count]);
    return sum + count;
  });
  found.sort(([a], [b]) => a - b);
  const place = (Math.max(total - 1, 0) * percent) / 100;
  const sampleAt = (index: number): number => {
    let before = 0;
    for (const [value, count] of found) {
      before += count;
      if (index < before) return value;
    }
    return 0;
  };
  const low = sampleAt(Math.floor(place));
  return low + (sampleAt(Math.ceil(place)) - low) * (place - Math.floor(place));
}
