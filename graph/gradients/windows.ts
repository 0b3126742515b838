import { at } from '../common/at.js';
import { intsOf, stringOf } from '../ir/attribute.js';
import { apply } from '../ir/op.js';
import { elementCount, unravel } from '../ir/tensor.js';
import { int64List, type Value } from '../ir/value.js';
import { pad } from '../ops/pad.js';
import { Slice } from '../ops/slice.js';
import { windowsOf as axisWindows } from '../ops/window.js';
import { type Applied, sizesOf } from './rule.js';

/** A sliding window along one spatial axis, all sizes known. */
export interface Window {
  /** Elements of the axis, and of its result. */
  readonly size: number;
  readonly count: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element, and what is read behind the last one: negative where some are not reached. */
  readonly before: number;
  readonly after: number;
}

/**
 * The windows of Conv, of poolings, and of ConvTranspose, seen from its output.
 * @param wide the value that windows slide over [N, C, ...space]
 * @param narrow the value with one element a window
 */
export function windowsOf(
  { attributes, opType }: Pick<Applied, 'attributes' | 'opType'>,
  wide: Value,
  narrow: Value,
  kernel: readonly number[],
): readonly Window[] {
  const [space, counts] = [sizesOf(wide, opType).slice(2), sizesOf(narrow, opType).slice(2)];
  const dilations = intsOf(attributes, 'dilations', Array(space.length).fill(1));
  const auto = stringOf(attributes, 'auto_pad', 'NOTSET');
  return axisWindows(space, kernel, attributes).map(({ stride, extent, before: stated }, axis) => {
    const [size, count, dilation] = [at(space, axis), at(counts, axis), at(dilations, axis)];
    const reach = (count - 1) * stride + extent;
    const missing = Math.max(reach - size, 0);
    const half = auto === 'SAME_LOWER' ? Math.ceil(missing / 2) : Math.floor(missing / 2);
    const before = auto.startsWith('SAME') ? half : stated;
    return { size, count, kernel: at(kernel, axis), stride, dilation, before, after: reach - size - before };
  });
}

/** The attributes of an operator with these windows. */
export const attributesOf = (windows: readonly Window[]) => ({
  strides: windows.map(({ stride }) => stride),
  dilations: windows.map(({ dilation }) => dilation),
});

/** x with elements before and after each axis; fewer where a number is negative. */
export function padTo(x: Value, before: readonly number[], after: readonly number[], filling?: Value): Value {
  const pads = [...before, ...after];
  return pads.every((count) => count === 0) ? x : pad(x, int64List(pads), 'constant', filling);
}

/** x with elements before and after each axis of space, as many as its window asks for. */
function padSpace(
  x: Value,
  windows: readonly Window[],
  around: (window: Window) => readonly [before: number, after: number],
  filling?: Value,
): Value {
  const sides = windows.map(around);
  const [before, after] = [sides.map(([count]) => count), sides.map(([, count]) => count)];
  return padTo(x, [0, 0, ...before], [0, 0, ...after], filling);
}

/** What windows slide over, with its padding, and without what none of them reaches. */
export const padded = (x: Value, windows: readonly Window[], filling?: Value): Value =>
  padSpace(x, windows, ({ before, after }) => [before, after], filling);

/** The other way round: without the padding. */
export const cropped = (x: Value, windows: readonly Window[]): Value =>
  padSpace(x, windows, ({ before, after }) => [-before, -after]);

const reachOf = ({ kernel, dilation }: Window) => dilation * (kernel - 1);

/** One element a window, of a stride of 1, with zeros around them: each element that windows slide over then has all its windows. */
export const surrounded = (narrow: Value, windows: readonly Window[]): Value =>
  padSpace(narrow, windows, (window) => [reachOf(window) - window.before, reachOf(window) - window.after]);

/** The places of a window, the last axis first to move: each is a number of taps along every axis. */
function tapsOf(windows: readonly Window[]): readonly (readonly number[])[] {
  const kernel = windows.map((window) => window.kernel);
  return Array.from({ length: elementCount(kernel) }, (_, tap) => unravel(tap, kernel));
}

/** Elements of each axis of space, from a start on, by steps. */
function sliceSpace(
  x: Value,
  starts: readonly number[],
  counts: readonly number[],
  steps: readonly number[],
): Value {
  const ends = starts.map((start, axis) => start + (at(counts, axis) - 1) * at(steps, axis) + 1);
  const isStep = steps.some((step) => step !== 1);
  const axes = starts.map((_, axis) => axis + 2);
  const places = [starts, ends, axes, ...(isStep ? [steps] : [])];
  return apply(Slice, [x, ...places.map(int64List)]);
}

/** What each tap of the windows reads of x: values [N, C, ...count]. */
export function readByTap(x: Value, windows: readonly Window[], filling?: Value): readonly Value[] {
  const whole = padded(x, windows, filling);
  return tapsOf(windows).map((tap) =>
    sliceSpace(
      whole,
      windows.map(({ dilation }, axis) => at(tap, axis) * dilation),
      windows.map(({ count }) => count),
      windows.map(({ stride }) => stride),
    ),
  );
}

/** dy by tap, so that it stands where x does: zeros where a window reads padding. Strides are 1. */
export function givenByTap(dy: Value, windows: readonly Window[]): readonly Value[] {
  const whole = surrounded(dy, windows);
  return tapsOf(windows).map((tap) =>
    sliceSpace(
      whole,
      windows.map((window, axis) => reachOf(window) - at(tap, axis) * window.dilation),
      windows.map(({ size }) => size),
      windows.map(() => 1),
    ),
  );
}
