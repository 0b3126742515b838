import type { SplineOrder } from '../../graph/recipe/recipe.js';
import type { Rows } from './resize.js';

/** Numbers in double, [length, inner]. */
interface Lines {
  readonly values: Float64Array;
  readonly length: number;
  readonly inner: number;
}

/**
 * An image at another size by B-spline interpolation, half-pixel centres, edges repeated, no antialiasing, each channel within its
 * own range: `skimage.transform.resize(order, mode='edge', anti_aliasing=False)`, which is scipy's `zoom(grid_mode=True)`. Computed
 * in double, rounded once.
 */
export function resampled(image: Rows, width: number, height: number, order: SplineOrder) {
  const { channels, read } = image;
  const samples = image.width * channels;
  const row = new Float64Array(samples);
  const columns = tapsOf(image.width, width, order);
  const across = new Float64Array(image.height * width * channels);
  const [low, high] = [Array<number>(channels).fill(Infinity), Array<number>(channels).fill(-Infinity)];
  for (let y = 0; y < image.height; y++) {
    read(y, row);
    widen(row, low, high);
    const line = { values: row, length: image.width, inner: channels };
    across.set(along(line, columns, order), y * width * channels);
  }
  const lines = { values: across, length: image.height, inner: width * channels };
  const values = along(lines, tapsOf(image.height, height, order), order);
  const data = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    const [least, most] = [low[channel] as number, high[channel] as number];
    for (let i = channel; i < data.length; i += channels)
      data[i] = Math.min(Math.max(values[i] as number, least), most);
  }
  return { width, height, channels, data };
}

function widen(row: Float64Array, low: number[], high: number[]): void {
  const channels = low.length;
  for (let i = 0; i < row.length; i++) {
    const value = row[i] as number;
    const channel = i % channels;
    if (value < (low[channel] as number)) low[channel] = value;
    if (value > (high[channel] as number)) high[channel] = value;
  }
}

/** scipy's: samples that are repeated at each end before the prefilter, whose influence falls by 0.27 a sample. */
const EDGE = 12;

/** The samples that a place lies between, and how much each counts. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Those of each place of an axis. */
function tapsOf(from: number, to: number, order: SplineOrder): readonly Taps[] {
  return Array.from({ length: to }, (_, place) => {
    const at = (from / to) * (place + 0.5) - 0.5;
    if (order === 0) return { first: Math.floor(at + 0.5), weights: [1] };
    const low = Math.floor(at);
    const [behind, ahead] = [at - low, 1 - (at - low)];
    if (order === 1) return { first: low, weights: [ahead, behind] };
    const near = (x: number) => (3 * x * x * (x - 2) + 4) / 6;
    return { first: low - 1, weights: [ahead ** 3 / 6, near(behind), near(ahead), behind ** 3 / 6] };
  });
}

/** Interpolates along the first axis of [length, inner]. */
function along({ values, length, inner }: Lines, taps: readonly Taps[], order: SplineOrder): Float64Array {
  const edge = order === 3 ? EDGE : 0;
  const coefficients = order === 3 ? prefiltered(padded({ values, length, inner })) : values;
  const last = length + 2 * edge - 1;
  const result = new Float64Array(taps.length * inner);
  for (const [place, { first, weights }] of taps.entries()) {
    const into = place * inner;
    for (const [tap, weight] of weights.entries()) {
      const from = Math.min(Math.max(first + tap + edge, 0), last) * inner;
      for (let i = 0; i < inner; i++)
        result[into + i] = (result[into + i] as number) + weight * (coefficients[from + i] as number);
    }
  }
  return result;
}

function padded({ values, length, inner }: Lines): Lines {
  const whole = length + 2 * EDGE;
  const result = new Float64Array(whole * inner);
  result.set(values, EDGE * inner);
  for (let i = 0; i < EDGE; i++) {
    result.set(values.subarray(0, inner), i * inner);
    result.set(values.subarray((length - 1) * inner), (whole - 1 - i) * inner);
  }
  return { values: result, length: whole, inner };
}

/** The pole of the cubic B-spline's filter. */
const POLE = Math.sqrt(3) - 2;
const GAIN = (1 - POLE) * (1 - 1 / POLE);

/** A share that changes no sum of doubles. */
const NOTHING = 1e-20;

/** Coefficients of the cubic spline through samples, in place (Unser 1999, "Splines: a perfect fit"), mirrored beyond the ends. */
function prefiltered({ values: c, length, inner }: Lines): Float64Array {
  const end = (length - 1) * inner;
  const power = POLE ** length;
  for (let i = 0; i < c.length; i++) c[i] = GAIN * (c[i] as number);
  for (let i = 0; i < inner; i++) {
    let sum = (c[i] as number) + power * (c[end + i] as number);
    let share = POLE;
    for (let j = 1; j < length && Math.abs(share) > NOTHING; j++, share *= POLE)
      sum += share * ((c[j * inner + i] as number) + power * (c[end - j * inner + i] as number));
    c[i] = (c[i] as number) + (sum * POLE) / (1 - power * power);
  }
  for (let i = inner; i < c.length; i++) c[i] = (c[i] as number) + POLE * (c[i - inner] as number);
  for (let i = end; i < c.length; i++) c[i] = ((c[i] as number) * POLE) / (POLE - 1);
  for (let i = end - 1; i >= 0; i--) c[i] = POLE * ((c[i + inner] as number) - (c[i] as number));
  return c;
}
