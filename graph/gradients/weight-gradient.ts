import { at } from '../common/at.js';
import { elementCount } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { concat } from '../ops/concat.js';
import { matMul } from '../ops/matmul.js';
import { reduceSum } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { transpose } from '../ops/transpose.js';
import { sizesOf } from './rule.js';
import { padSpace, readByTap, sliceSpace, tapsOf } from './taps.js';
import type { Window } from './windows.js';

/**
 * The gradient of a convolution's weight, W[m, c, k] = sum over n and p of dy[n, m, p] x[n, c, stride p + dilation k - before]. A
 * convolution with a kernel as large as the image would say so, and runtimes have no fast kernel for that: it is one matrix product with as
 * many copies as the window has taps, of x or, where that has fewer channels, of dy.
 * @param x [N, C, ...size]
 * @param dy [N, M, ...count]
 * @returns [M, C / group, ...kernel]
 */
export function weightGradient(x: Value, dy: Value, windows: readonly Window[], group: number): Value {
  const [[, channels], [, outputs]] = [sizesOf(x, 'Conv'), sizesOf(dy, 'Conv')].map(([n, c]) => [n, c]) as [
    number[],
    number[],
  ];
  const perGroup = [Number(channels) / group, Number(outputs) / group] as const;
  const [c, m] = perGroup;
  const kernel = windows.map((window) => window.kernel);
  const space = kernel.map((_, axis) => axis + 3);
  const unstrided = windows.every(({ stride }) => stride === 1);
  const whole = [group, ...kernel];
  if (unstrided && m < c) {
    // [group, kernel, m, c]
    const products = overBatch(stacked(shifted(dy, windows), group), stacked([x], group));
    const split = reshape(products, [...whole, m, c]);
    const order = [0, 1 + kernel.length, 2 + kernel.length, ...kernel.map((_, axis) => axis + 1)];
    return reshape(transpose(split, order), [group * m, c, ...kernel]);
  }
  // [group, m, kernel, c]
  const products = overBatch(stacked([dy], group), stacked(readByTap(x, windows), group));
  const split = reshape(products, [group, m, ...kernel, c]);
  const order = [0, 1, 2 + kernel.length, ...space.map((axis) => axis - 1)];
  return reshape(transpose(split, order), [group * m, c, ...kernel]);
}

/** dy by tap, so that it stands where x does: zeros where a window reads padding. */
function shifted(dy: Value, windows: readonly Window[]): readonly Value[] {
  const reach = windows.map((window) => window.dilation * (window.kernel - 1));
  const padded = padSpace(
    dy,
    windows.map(({ before }, axis) => at(reach, axis) - before),
    windows.map(({ after }, axis) => at(reach, axis) - after),
  );
  return tapsOf(windows).map((tap) =>
    sliceSpace(
      padded,
      windows.map(({ dilation }, axis) => at(reach, axis) - at(tap, axis) * dilation),
      windows.map(({ size }) => size),
      windows.map(() => 1),
    ),
  );
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
