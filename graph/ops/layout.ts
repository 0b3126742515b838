import { int, intOf, ints, intsOf, string } from '../ir/attribute.js';
import {
  type Dim,
  dimText,
  floorDivideDim,
  multiplyDims,
  numbers,
  sameDim,
  shapeText,
  subtractDims,
  symbol,
} from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { elementCount, FAR_AWAY, int64Tensor, unravel } from '../ir/tensor.js';
import { constant, contentOf, MAX_CONTENT, type Value, type ValueType } from '../ir/value.js';
import { axesOf, axisOf, listAt, staticNumbers } from './shapes.js';
import { checkLeast } from './window.js';

/** Operators that move elements about. Exporters write chains of them around sizes, which are followed. */

/** x in another shape; its elements, where they are known, each from the index of x that `from` gives. */
function rearranged(
  x: ValueType,
  shape: readonly Dim[],
  from: (index: readonly number[]) => readonly number[],
): ValueType {
  const { dtype } = x;
  const [content, before, after] = [contentOf(x), numbers(x.shape), numbers(shape)];
  if (content === undefined || before === undefined || after === undefined) return { dtype, shape };
  if (elementCount(after) > MAX_CONTENT) return { dtype, shape };
  const elements: Dim[] = [];
  for (let flat = 0; flat < elementCount(after); flat++) {
    const index = from(unravel(flat, after));
    const element = content[index.reduce((at, i, axis) => at * (before[axis] ?? 1) + i, 0)];
    if (element === undefined) return { dtype, shape };
    elements.push(element);
  }
  return { dtype, shape, content: elements };
}

const Transpose: OpDefinition = {
  opType: 'Transpose',
  since: 1,
  attributes: { perm: 'ints' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const order = intsOf(attributes, 'perm', x.shape.map((_, axis) => axis).reverse());
    if (order.length !== x.shape.length || !x.shape.every((_, axis) => order.includes(axis))) {
      throw new RangeError(`perm [${order}] does not order ${x.shape.length} axes`);
    }
    const shape = order.map((axis) => x.shape[axis] ?? 1);
    return [rearranged(x, shape, (index) => x.shape.map((_, axis) => index[order.indexOf(axis)] ?? 0))];
  },
};

/** How often a shape's elements hold those of another one; undefined where open sizes leave that unknown. */
function remaining(shape: readonly Dim[], others: readonly Dim[]): Dim | undefined {
  if (others.includes(0)) return undefined;
  const left = [...shape];
  const rest = others.filter((dim) => {
    const at = left.findIndex((other) => sameDim(other, dim));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  const divisor = numbers(rest);
  const known = elementCount(left.filter((dim) => typeof dim === 'number'));
  const open = left.filter((dim) => typeof dim !== 'number');
  if (divisor === undefined) return undefined;
  const factor = known / elementCount(divisor);
  if (open.length > 0 && !Number.isInteger(factor)) return undefined;
  return open.reduce(multiplyDims, factor);
}

/** @throws RangeError for a shape that means nothing, whatever x holds */
function checkTarget(x: readonly Dim[], target: readonly Dim[], copies: boolean): void {
  const open = target.filter((dim) => dim === -1).length;
  const copiesNone = copies && target.lastIndexOf(0) >= x.length;
  const isNegative = target.some((dim) => typeof dim === 'number' && dim < -1);
  if (open > 1 || copiesNone || isNegative || (open === 1 && !copies && target.includes(0))) {
    throw new RangeError(`shape ${shapeText(target)} is none for x ${shapeText(x)}`);
  }
}

const Reshape: OpDefinition = {
  opType: 'Reshape',
  since: 1,
  form: 5,
  attributes: { allowzero: 'int' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const target = listAt(inputs, 1, 'shape');
    if (target === undefined) return [];
    const copies = intOf(attributes, 'allowzero', 0) === 0;
    checkTarget(x.shape, target, copies);
    const shape = target.map((dim, axis) => (dim === 0 && copies ? (x.shape[axis] ?? 0) : dim));
    const open = shape.indexOf(-1);
    if (open >= 0) {
      const size = remaining(x.shape, shape.toSpliced(open, 1));
      if (size === undefined) return [];
      shape[open] = size;
    }
    const [before, after] = [numbers(x.shape), numbers(shape)];
    if (before !== undefined && after !== undefined && elementCount(before) !== elementCount(after)) {
      throw new RangeError(`x ${shapeText(x.shape)} does not fill ${shapeText(target)}`);
    }
    const content = contentOf(x);
    return [{ dtype: x.dtype, shape, ...(content && { content }) }];
  },
};

const Unsqueeze: OpDefinition = {
  opType: 'Unsqueeze',
  since: 1,
  attributes: { axes: 'ints' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    if (inputs[1] === undefined && !attributes.has('axes')) throw new TypeError('axes are missing');
    const axes = staticNumbers(inputs, attributes, 'axes');
    if (axes === undefined) return [];
    const rank = x.shape.length + axes.length;
    const inserted = axesOf(axes, rank);
    const rest = [...x.shape];
    const shape = Array.from({ length: rank }, (_, at) => (inserted.has(at) ? 1 : (rest.shift() ?? 1)));
    const content = contentOf(x);
    return [{ dtype: x.dtype, shape, ...(content && { content }) }];
  },
};

const Gather: OpDefinition = {
  opType: 'Gather',
  since: 1,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const data = required(inputs, 0, 'data');
    const indices = required(inputs, 1, 'indices');
    const axis = axisOf(intOf(attributes, 'axis', 0), data.shape.length);
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    const [picked, size] = [contentOf(indices), data.shape[axis]];
    const at = picked && numbers(picked);
    const outside = typeof size === 'number' && at?.find((index) => index < -size || index >= size);
    if (typeof outside === 'number') throw new RangeError(`index ${outside} is outside an axis of ${size}`);
    if (at === undefined || typeof size !== 'number' || indices.shape.length > 1) {
      return [{ dtype: data.dtype, shape }];
    }
    const scalar = indices.shape.length === 0;
    return [
      rearranged(data, shape, (index) => {
        const place = at[scalar ? 0 : (index[axis] ?? 0)] ?? 0;
        const behind = index.slice(scalar ? axis : axis + 1);
        return [...index.slice(0, axis), place < 0 ? place + size : place, ...behind];
      }),
    ];
  },
};

/** Where a slice of one axis begins, how it goes on, and how many elements it has. */
interface Cut {
  readonly start: number;
  readonly step: number;
  readonly size: Dim;
}

/** What exporters write for an end that is the axis' own. */
const MAX_END = 2 ** 31 - 1;

/** ONNX Slice on one axis: negative ends count from the back, what lies outside is cut off. */
function cutAxis(size: Dim, start: number, end: Dim, step: number): Cut | undefined {
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

const Slice: OpDefinition = {
  opType: 'Slice',
  since: 1,
  form: 10,
  infer(inputs) {
    const data = required(inputs, 0, 'data');
    const known = ['starts', 'ends', 'axes', 'steps'].map((name, at) =>
      at >= 2 && inputs[at + 1] === undefined ? [] : listAt(inputs, at + 1, name),
    );
    const ends = known[1];
    const told = [known[0], known[2], known[3]].map((list) => list && numbers(list));
    if (ends === undefined || told.includes(undefined)) return [];
    const [starts = [], given = [], steps = []] = told;
    const axes = given.length > 0 ? given : starts.map((_, axis) => axis);
    const fits = [ends, axes, ...(steps.length > 0 ? [steps] : [])];
    if (fits.some((list) => list.length !== starts.length)) {
      const counts = `${starts.length} starts, ${ends.length} ends, ${axes.length} axes`;
      throw new RangeError(`${counts} and ${steps.length} steps`);
    }
    axesOf(axes, data.shape.length);
    const cuts: Cut[] = data.shape.map((size) => ({ start: 0, step: 1, size }));
    for (const [at, start] of starts.entries()) {
      const axis = axisOf(axes[at] ?? 0, data.shape.length);
      const step = steps[at] ?? 1;
      if (step === 0) throw new RangeError('a step of 0');
      const cut = cutAxis(data.shape[axis] ?? 1, start, ends[at] ?? 0, step);
      if (cut === undefined) return [];
      cuts[axis] = cut;
    }
    const shape = cuts.map((cut) => cut.size);
    return [
      rearranged(data, shape, (index) =>
        cuts.map(({ start, step }, axis) => start + step * (index[axis] ?? 0)),
      ),
    ];
  },
};

const DepthToSpace: OpDefinition = {
  opType: 'DepthToSpace',
  since: 1,
  form: 11,
  attributes: { blocksize: 'int', mode: 'string' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const block = intOf(attributes, 'blocksize', 0);
    checkLeast('blocksize', [block], 1);
    const [batch, channels, height, width] = shape;
    const isImage = shape.length === 4 && batch !== undefined && channels !== undefined;
    if (!isImage || height === undefined || width === undefined) {
      throw new RangeError(`x ${shapeText(shape)} is no image`);
    }
    if (typeof channels === 'number' && channels % (block * block) !== 0) {
      throw new RangeError(`${channels} channels do not divide into blocks of ${block} by ${block}`);
    }
    const deep = floorDivideDim(channels, block * block);
    return [{ dtype, shape: [batch, deep, multiplyDims(height, block), multiplyDims(width, block)] }];
  },
};

export const LAYOUT: readonly OpDefinition[] = [Transpose, Reshape, Unsqueeze, Gather, Slice, DepthToSpace];

/**
 * ONNX DepthToSpace. x [N, C b^2, H, W] -> [N, C, H b, W b]; places within a block are the last of the channels' order in CRD, as in
 * PyTorch's PixelShuffle, and the first in DCR.
 */
export const depthToSpace = (x: Value, block: number, mode: 'CRD' | 'DCR' = 'CRD'): Value =>
  apply(DepthToSpace, [x], { blocksize: int(block), mode: string(mode) });

/** ONNX Transpose. */
export const transpose = (x: Value, perm: readonly number[]): Value =>
  apply(Transpose, [x], { perm: ints(perm) });

/** ONNX Reshape. */
export const reshape = (x: Value, shape: readonly number[]): Value =>
  apply(Reshape, [x, constant(int64Tensor([shape.length], shape))]);

/** ONNX Reshape to a shape that is computed. */
export const reshapeTo = (x: Value, shape: Value): Value => apply(Reshape, [x, shape]);

/** ONNX Gather along axis 0, by indices that are known. */
export const gather = (data: Value, indices: readonly number[]): Value =>
  apply(Gather, [data, constant(int64Tensor([indices.length], indices))], { axis: int(0) });

/** ONNX Slice of one axis, from `start` up to `end`. */
export function sliceAxis(data: Value, axis: number, start: number, end: number): Value {
  const whole = (value: number) => constant(int64Tensor([1], [value]));
  return apply(Slice, [data, whole(start), whole(end), whole(axis)]);
}

/** ONNX Slice: the first or the last elements of an axis that has at least as many. */
export function sliceEnd(data: Value, axis: number, count: number, which: 'first' | 'last'): Value {
  const sliced = which === 'first' ? sliceAxis(data, axis, 0, count) : sliceAxis(data, axis, -count, MAX_END);
  return { ...sliced, shape: data.shape.map((size, at) => (at === axis ? count : size)) };
}

/**
 * ONNX Slice from the beginning of some axes.
 * @param ends int64 [axes], none larger than its axis: they are the new sizes
 */
export function sliceTo(data: Value, ends: Value, axes: readonly number[]): Value {
  const whole = (values: readonly number[]) => constant(int64Tensor([values.length], values));
  const sliced = apply(Slice, [data, whole(axes.map(() => 0)), ends, whole(axes)]);
  const sizes = contentOf(ends);
  return { ...sliced, shape: data.shape.map((size, axis) => sizes?.[axes.indexOf(axis)] ?? size) };
}
