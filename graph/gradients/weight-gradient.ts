import { at } from '../common/at.js';
import { elementCount } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { concat } from '../ops/concat.js';
import { conv } from '../ops/conv.js';
import { matMul } from '../ops/matmul.js';
import { reduceSum } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { transpose } from '../ops/transpose.js';
import { sizesOf } from './rule.js';
import { givenByTap, padded, readByTap, type Window } from './windows.js';

/** Bytes of copies beyond which a slower form that makes none is better: those of 64 channels of 8 images of 128 x 128. */
const MAX_COPIES = 2 ** 28;

/**
 * The gradient of a convolution's weight, W[m, c, k] = sum over n and p of dy[n, m, p] x[n, c, stride p + dilation k - before], in the form
 * that runtimes compute fastest.
 * @param x [N, C, ...size]
 * @param dy [N, M, ...count]
 * @returns [M, C / group, ...kernel]
 */
export function weightGradient(x: Value, dy: Value, windows: readonly Window[], group: number): Value {
  const sizes = sizesOf(x, 'Conv');
  const [batch, channels, outputs] = [at(sizes, 0), at(sizes, 1), at(sizesOf(dy, 'Conv'), 1)];
  const unstrided = windows.every(({ stride }) => stride === 1);
  const ofGradient = unstrided && outputs <= channels;
  const copied = ofGradient
    ? outputs * elementCount(windows.map(({ size }) => size))
    : channels * elementCount(windows.map(({ count }) => count));
  const bytes = 4 * batch * elementCount(windows.map(({ kernel }) => kernel)) * copied;
  if (bytes > MAX_COPIES && group === 1) return byConvolution(x, dy, windows);
  return ofGradient ? byGradientTaps(x, dy, windows, group) : byInputTaps(x, dy, windows, group);
}

/** A convolution with a kernel as large as the image, images and channels exchanged: what the formula says. */
export function byConvolution(x: Value, dy: Value, windows: readonly Window[]): Value {
  const order = [1, 0, ...windows.map((_, axis) => axis + 2)];
  const exchanged = conv(transpose(padded(x, windows), order), transpose(dy, order), undefined, {
    strides: windows.map(({ dilation }) => dilation),
    dilations: windows.map(({ stride }) => stride),
  });
  return transpose(exchanged, order);
}

/** One matrix product with as many copies of x as the window has taps. */
export function byInputTaps(x: Value, dy: Value, windows: readonly Window[], group: number): Value {
  const [channels, outputs] = [at(sizesOf(x, 'Conv'), 1), at(sizesOf(dy, 'Conv'), 1)];
  const [c, m, kernel] = [channels / group, outputs / group, windows.map((window) => window.kernel)];
  const products = overBatch(stacked([dy], group), stacked(readByTap(x, windows), group));
  const order = [0, 1, 2 + kernel.length, ...kernel.map((_, axis) => axis + 2)];
  return reshape(transpose(reshape(products, [group, m, ...kernel, c]), order), [outputs, c, ...kernel]);
}

/** The same with copies of dy, which may have fewer channels. */
export function byGradientTaps(x: Value, dy: Value, windows: readonly Window[], group: number): Value {
  const [channels, outputs] = [at(sizesOf(x, 'Conv'), 1), at(sizesOf(dy, 'Conv'), 1)];
  const [c, m, kernel] = [channels / group, outputs / group, windows.map((window) => window.kernel)];
  const products = overBatch(stacked(givenByTap(dy, windows), group), stacked([x], group));
  const order = [0, 1 + kernel.length, 2 + kernel.length, ...kernel.map((_, axis) => axis + 1)];
  return reshape(transpose(reshape(products, [group, ...kernel, m, c]), order), [outputs, c, ...kernel]);
}

/** Values [N, group x C, ...space] as rows [N, group, values x C, places]. */
function stacked(values: readonly Value[], group: number): Value {
  const rows = values.map((value) => {
    const [batch, channels, ...space] = sizesOf(value, 'Conv');
    return reshape(value, [Number(batch), group, Number(channels) / group, elementCount(space)]);
  });
  const [only] = rows;
  return rows.length === 1 && only !== undefined ? only : concat(rows, 2);
}

/** The sum over images and places of all products of rows: [N, G, A, P] and [N, G, B, P] -> [G, A, B]. */
function overBatch(a: Value, b: Value): Value {
  return reduceSum(matMul(a, transpose(b, [0, 1, 3, 2])), [0], false);
}
