import { at } from '../common/at.js';
import { type Dim, dimText, subtractDims, symbol } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { FAR_AWAY } from '../ir/tensor.js';
import { contentOf, int64List, type Value } from '../ir/value.js';
import { rearranged } from './elements.js';
import { axesOf, axisOf, listAt, numbersAt, openedAt } from './operands.js';

/** Where a slice of one axis begins, how it goes on, and how many elements it has. */
interface AxisSlice {
  readonly start: number;
  readonly step: number;
  readonly size: Dim;
}

/** What exporters write for an end that is the axis' own. */
const MAX_END = 2 ** 31 - 1;

/** One axis: negative ends count from the back, what lies outside is left out. */
function sliceOf(size: Dim, start: number, end: Dim, step: number): AxisSlice | undefined {
  if (typeof size !== 'number' || typeof end !== 'number') {
    if (Math.abs(start) >= FAR_AWAY || step !== 1) return undefined;
    const atMost = (limit: Dim) => symbol(`min(${dimText(size)}, ${dimText(limit)})`);
    const isOpenEnded = typeof end === 'number' && end >= MAX_END;
    if (start < 0) return isOpenEnded ? { start, step, size: atMost(-start) } : undefined;
    if (isOpenEnded) return { start, step, size: subtractDims(size, start) };
    const isNegative = typeof end === 'number' && end < 0;
    return start === 0 && !isNegative ? { start, step, size: atMost(end) } : undefined;
  }
  const inside = (place: number, low: number, high: number) =>
    Math.min(Math.max(place < 0 ? place + size : place, low), high);
  const [first, last] =
    step > 0
      ? [inside(start, 0, size), inside(end, 0, size)]
      : [inside(start, 0, size - 1), inside(end, -1, size - 1)];
  return { start: first, step, size: Math.max(Math.ceil((last - first) / step), 0) };
}

export const Slice: OpDefinition = {
  opType: 'Slice',
  sinceSignature: 10,
  infer(inputs) {
    const data = required(inputs, 0, 'data');
    const starts = numbersAt(inputs, 1, 'starts');
    const ends = listAt(inputs, 2, 'ends');
    const [stated, steps] = [numbersAt(inputs, 3, 'axes', []), numbersAt(inputs, 4, 'steps', [])];
    if (!starts || !ends || !stated || !steps) {
      const moved =
        stated === undefined || stated.length === 0 ? data.shape.keys() : axesOf(stated, data.shape.length);
      return [{ dtype: data.dtype, shape: openedAt(data.shape, moved) }];
    }
    const axes = stated.length > 0 ? stated : [...starts.keys()];
    const fits = [ends, axes, ...(steps.length > 0 ? [steps] : [])];
    if (fits.some((list) => list.length !== starts.length)) {
      const counts = `${starts.length} starts, ${ends.length} ends, ${axes.length} axes`;
      throw new RangeError(`${counts} and ${steps.length} steps`);
    }
    axesOf(axes, data.shape.length);
    const slices: AxisSlice[] = data.shape.map((size) => ({ start: 0, step: 1, size }));
    const open: number[] = [];
    for (const [index, start] of starts.entries()) {
      const axis = axisOf(at(axes, index), data.shape.length);
      const step = steps.length > 0 ? at(steps, index) : 1;
      if (step === 0) throw new RangeError('a step of 0');
      const slice = sliceOf(at(data.shape, axis), start, at(ends, index), step);
      if (slice === undefined) open.push(axis);
      else slices[axis] = slice;
    }
    const shape = slices.map(({ size }) => size);
    if (open.length > 0) return [{ dtype: data.dtype, shape: openedAt(shape, open) }];
    const from = (index: readonly number[]) =>
      slices.map(({ start, step }, axis) => start + step * at(index, axis));
    return [rearranged(data, shape, from)];
  },
};

/** ONNX Slice of one axis, from `start` up to `end`. */
export const sliceAxis = (data: Value, axis: number, start: number, end: number): Value =>
  apply(Slice, [data, int64List([start]), int64List([end]), int64List([axis])]);

/** ONNX Slice: the first or the last elements of an axis that has at least as many. */
export function sliceEnd(data: Value, axis: number, count: number, which: 'first' | 'last'): Value {
  const sliced = which === 'first' ? sliceAxis(data, axis, 0, count) : sliceAxis(data, axis, -count, MAX_END);
  return { ...sliced, shape: data.shape.with(axis, count) };
}

/**
 * ONNX Slice from the beginning of some axes.
 * @param ends int64 [axes], none larger than its axis: they are the new sizes
 */
export function sliceTo(data: Value, ends: Value, axes: readonly number[]): Value {
  const shape = [...data.shape];
  for (const [index, size] of (contentOf(ends) ?? []).entries()) shape[at(axes, index)] = size;
  return { ...apply(Slice, [data, int64List(axes.map(() => 0)), ends, int64List(axes)]), shape };
}

/** ONNX Slice that turns axes around. */
export function reversed(data: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return data;
  const all = (value: number) => int64List(axes.map(() => value));
  return apply(Slice, [data, all(-1), all(-MAX_END), int64List(axes), all(-1)]);
}
