import { at } from '../common/at.js';
import { apply } from '../ir/op.js';
import { elementCount, int64Tensor, unravel } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { pad } from '../ops/pad.js';
import { Slice } from '../ops/slice.js';
import type { Window } from './windows.js';

/** The places of a window, the last axis first to move: each is a number of taps along every axis. */
export function tapsOf(windows: readonly Window[]): readonly (readonly number[])[] {
  const kernel = windows.map((window) => window.kernel);
  return Array.from({ length: elementCount(kernel) }, (_, tap) => unravel(tap, kernel));
}

const list = (values: readonly number[]): Value => constant(int64Tensor([values.length], values));

/** x [N, C, ...space] with elements before and after each axis of space; fewer where a number is negative. */
export function padSpace(
  x: Value,
  before: readonly number[],
  after: readonly number[],
  filling?: Value,
): Value {
  if ([...before, ...after].every((count) => count === 0)) return x;
  return pad(x, list([0, 0, ...before, 0, 0, ...after]), 'constant', filling);
}

/** Elements of each axis of space, from a start on, by steps. */
export function sliceSpace(
  x: Value,
  starts: readonly number[],
  counts: readonly number[],
  steps: readonly number[],
): Value {
  const ends = starts.map((start, axis) => start + (at(counts, axis) - 1) * at(steps, axis) + 1);
  const isStep = steps.some((step) => step !== 1);
  const axes = starts.map((_, axis) => axis + 2);
  return apply(Slice, [x, list(starts), list(ends), list(axes), ...(isStep ? [list(steps)] : [])]);
}

/** What each tap of the windows reads of x, padded before: values [N, C, ...count]. */
export function readByTap(x: Value, windows: readonly Window[], filling?: Value): readonly Value[] {
  const padded = padSpace(
    x,
    windows.map(({ before }) => before),
    windows.map(({ after }) => after),
    filling,
  );
  return tapsOf(windows).map((tap) =>
    sliceSpace(
      padded,
      windows.map(({ dilation }, axis) => at(tap, axis) * dilation),
      windows.map(({ count }) => count),
      windows.map(({ stride }) => stride),
    ),
  );
}
