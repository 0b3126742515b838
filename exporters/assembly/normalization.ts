import { float32Tensor } from '../../graph/ir/tensor.js';
import { constant, type Value } from '../../graph/ir/value.js';
import { cast } from '../../graph/ops/cast.js';
import { concat } from '../../graph/ops/concat.js';
import { add, div, max, min, mod, mul, sub } from '../../graph/ops/elementwise.js';
import { gatherAt } from '../../graph/ops/gather.js';
import { reduceMax, reduceMean, reduceMin, reduceSum, smallest } from '../../graph/ops/reduce.js';
import { reshape } from '../../graph/ops/reshape.js';
import { shapeOf } from '../../graph/ops/shape.js';
import { sliceAxis } from '../../graph/ops/slice.js';
import { sqrt } from '../../graph/ops/unary.js';
import type { Statistic } from '../../graph/recipe/normalization.js';
import type { Arithmetic } from '../../graph/recipe/normalize.js';

/** An image on its way through a normalization. */
export interface Pixels {
  /** float32 [1, C, H, W], whose statistics count. */
  readonly whole: Value;
  /** What comes of it at the network's size, where a resize may go first; else the same. */
  readonly sized: Value;
}

/** Larger than any value of an image, and so small that products of it stay finite. */
const FAR = 1e20;

/** A percentile is a whole number of these parts of a percent. */
const PARTS = 1e6;

/** The sum of x [1, c, H, W], [1, 1, 1, 1]. */
const sumOf = (x: Value): Value => reduceSum(x, [0, 1, 2, 3]);

/** One channel of x [1, C, H, W]. */
const channelOf = (x: Value, channel: number): Value => sliceAxis(x, 1, channel, channel + 1);

/** The arithmetic of normalizations as operators. @param stored the samples as they come, float32 [1, C, H, W] */
export function graphArithmetic(stored: Value, channels: number): Arithmetic<Pixels, Value> {
  // Samples are whole numbers from 0 on: 0 where one is 0, and else 1.
  const nonzero = min(stored, 1);
  const masks = { nonzero, foreground: channels === 1 ? nonzero : min(reduceSum(nonzero, [1]), 1) };
  const both = ({ whole, sized }: Pixels, change: (x: Value) => Value): Pixels => {
    const changed = change(whole);
    return { whole: changed, sized: sized === whole ? changed : change(sized) };
  };
  /** A statistic of all channels, or of each. @param compute from x and where it counts, undefined for everywhere, [1, 1, 1, 1] */
  const statistic =
    (compute: (x: Value, counted: Value | undefined) => Value) =>
    ({ whole }: Pixels, { per, over }: Statistic): Value => {
      const counted = over === 'nonzero' || over === 'foreground' ? masks[over] : undefined;
      if (per !== 'channel' || channels === 1) return compute(whole, counted);
      const each = Array.from({ length: channels }, (_, channel) =>
        compute(channelOf(whole, channel), counted && channelOf(counted, channel)),
      );
      return concat(each, 1);
    };
  /** x, and far away what does not count. */
  const away = (x: Value, counted: Value | undefined, far: number) =>
    counted === undefined ? x : add(x, mul(sub(counted, 1), -far));
  const mean = (x: Value, counted: Value | undefined) =>
    counted === undefined ? reduceMean(x) : div(sumOf(mul(x, counted)), max(sumOf(counted), 1));
  return {
    numbers: (values) =>
      constant(
        values.length === 1 ? float32Tensor([], values) : float32Tensor([1, values.length, 1, 1], values),
      ),
    least: statistic((x, counted) => reduceMin(away(x, counted, FAR))),
    most: statistic((x, counted) => reduceMax(away(x, counted, -FAR))),
    mean: statistic(mean),
    rootMeanSquare: statistic((x, counted) => sqrt(mean(mul(x, x), counted))),
    percentile: (x, percent, of) =>
      statistic((one, counted) => percentile(away(one, counted, FAR), counted, percent))(x, of),
    difference: sub,
    quotient: (number, s, least) => div(constant(float32Tensor([], [number])), max(s, least)),
    subtract: (x, s) => both(x, (value) => sub(value, s)),
    multiply: (x, s) => both(x, (value) => mul(value, s)),
    clip: (x, low, high) => both(x, (value) => min(max(value, low), high)),
    keepZeros: (x, over) => both(x, (value) => mul(value, masks[over])),
    diagonal: (images) => {
      const wholes = images.map(({ whole }, channel) => channelOf(whole, channel));
      const sized = images.map((image, channel) => channelOf(image.sized, channel));
      return { whole: concat(wholes, 1), sized: concat(sized, 1) };
    },
  };
}

/** NumPy's percentile of x [1, c, H, W], whose elements that count are its smallest; [1, 1, 1, 1]. In whole numbers: places are exact. */
function percentile(x: Value, counted: Value | undefined, percent: number): Value {
  const flat = reshape(x, [-1]);
  const size = shapeOf(flat);
  const count = counted === undefined ? size : reshape(cast(sumOf(counted), 'int64'), [1]);
  const sorted = smallest(flat, size, 0);
  const whole = 100 * PARTS;
  const place = mul(max(sub(count, 1), 0), Math.round(percent * PARTS));
  const [before, rest] = [div(place, whole), mod(place, whole)];
  const low = gatherAt(sorted, before);
  const high = gatherAt(sorted, div(add(place, whole - 1), whole));
  const share = div(cast(rest, 'float32'), whole);
  return reshape(add(low, mul(sub(high, low), share)), [1, 1, 1, 1]);
}
