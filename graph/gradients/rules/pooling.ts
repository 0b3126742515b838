import { at } from '../../common/at.js';
import { intOf, intsOf } from '../../ir/attribute.js';
import { elementCount, float32Tensor, type Tensor, unravel } from '../../ir/tensor.js';
import { constant, type Value } from '../../ir/value.js';
import { equal, where } from '../../ops/comparison.js';
import { concat } from '../../ops/concat.js';
import { convTranspose } from '../../ops/conv-transpose.js';
import { mul, sub } from '../../ops/elementwise.js';
import { expand } from '../../ops/expand.js';
import { reshape } from '../../ops/reshape.js';
import { type Applied, countAlong, type Rules, sizesOf, unary } from '../rule.js';
import { attributesOf, cropped, readByTap, type Window, windowsOf } from '../windows.js';

const poolWindows = (x: Value, applied: Applied): readonly Window[] =>
  windowsOf(applied, x, applied.y, intsOf(applied.attributes, 'kernel_shape', []));

/** Smaller than all that a network computes. */
const LEAST = constant(float32Tensor([], [-3.4028234e38]));

/**
 * Adds what windows give to where they read, every channel by itself.
 * @param given [N, C, rows, ...count]
 * @param places what a window gives to each of its places by row, [rows, 1, ...kernel]
 * @returns x's shape
 */
function scatter(given: Value, places: Value, x: Value, windows: readonly Window[], opType: string): Value {
  const [batch, channels, ...space] = sizesOf(x, opType);
  const [rows, counts] = [at(sizesOf(places, opType), 0), windows.map(({ count }) => count)];
  const images = reshape(given, [Number(batch) * Number(channels), rows, ...counts]);
  const whole = convTranspose(images, places, undefined, attributesOf(windows));
  return reshape(cropped(whole, windows), [Number(batch), Number(channels), ...space]);
}

/** Row by row a window with a one at one of its taps. */
function onePlaceEach(windows: readonly Window[]): Value {
  const kernel = windows.map((window) => window.kernel);
  const taps = elementCount(kernel);
  const places = new Float32Array(taps * taps);
  for (let tap = 0; tap < taps; tap++) places[tap * taps + tap] = 1;
  return constant(float32Tensor([taps, 1, ...kernel], places));
}

/** What an element of each window counts, [...count]. */
function shares(windows: readonly Window[], { attributes }: Applied): Tensor {
  const pads = intsOf(attributes, 'pads', Array(2 * windows.length).fill(0));
  const isPadCounted = intOf(attributes, 'count_include_pad', 0) === 1;
  const counted = windows.map(({ size, before, count, stride, kernel, dilation }, axis) => {
    const behind = at(pads, windows.length + axis);
    const [first, end] = isPadCounted ? [-before, size + behind] : [0, size];
    return Array.from({ length: count }, (_, place) => {
      const reads = Array.from({ length: kernel }, (_, tap) => place * stride + tap * dilation - before);
      return reads.filter((read) => read >= first && read < end).length;
    });
  });
  const dims = windows.map(({ count }) => count);
  const values = Array.from({ length: elementCount(dims) }, (_, flat) =>
    unravel(flat, dims).reduce((share, place, axis) => share / at(at(counted, axis), place), 1),
  );
  return float32Tensor(dims, values);
}

export const POOLINGS: Rules = {
  /** The first of the largest elements of a window takes all, as in PyTorch. */
  MaxPool: unary((dy, x, applied) => {
    const windows = poolWindows(x, applied);
    let left = dy;
    const byTap = readByTap(x, windows, LEAST).map((read) => {
      const taken = where(equal(read, applied.y), left, 0);
      left = sub(left, taken);
      return taken;
    });
    const { opType } = applied;
    const [[batch, channels], counts] = [sizesOf(dy, opType), windows.map(({ count }) => count)];
    const rows = byTap.map((value) => reshape(value, [Number(batch), Number(channels), 1, ...counts]));
    return scatter(concat(rows, 2), onePlaceEach(windows), x, windows, opType);
  }),
  AveragePool: unary((dy, x, applied) => {
    const windows = poolWindows(x, applied);
    const kernel = windows.map((window) => window.kernel);
    const ones = new Float32Array(elementCount(kernel)).fill(1);
    const share = mul(dy, constant(shares(windows, applied)));
    const everywhere = constant(float32Tensor([1, 1, ...kernel], ones));
    return scatter(share, everywhere, x, windows, applied.opType);
  }),
  /** Every place has an equal share. */
  GlobalAveragePool: unary((dy, x, { opType }) => {
    const space = [...x.shape.keys()].slice(2);
    return expand(mul(dy, 1 / countAlong(x, space, opType)), sizesOf(x, opType));
  }),
};
