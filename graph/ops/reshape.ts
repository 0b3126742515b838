import { at } from '../common/at.js';
import { intOf } from '../ir/attribute.js';
import { type Dim, differentDims, multiplyDims, numbers, sameDim, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { elementCount } from '../ir/tensor.js';
import { int64List, type Value } from '../ir/value.js';
import { reshaped } from './elements.js';
import { axesOf, axisOf, countAt, listAt, openedAt, openType, staticNumbers } from './operands.js';

/** How often a shape's elements hold those of another one; undefined where open sizes leave that unknown. */
function remaining(shape: readonly Dim[], others: readonly Dim[]): Dim | undefined {
  if (others.includes(0)) return undefined;
  const left = [...shape];
  const rest = others.filter((dim) => {
    const same = left.findIndex((other) => sameDim(other, dim));
    if (same >= 0) left.splice(same, 1);
    return same < 0;
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

export const Reshape: OpDefinition = {
  opType: 'Reshape',
  sinceSignature: 5,
  attributes: { allowzero: 'int' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const target = listAt(inputs, 1, 'shape');
    if (target === undefined) return openType(x, required(inputs, 1, 'shape').shape[0]);
    const copies = intOf(attributes, 'allowzero', 0) === 0;
    checkTarget(x.shape, target, copies);
    const shape = target.map((dim, axis) => (dim === 0 && copies ? at(x.shape, axis) : dim));
    const open = shape.indexOf(-1);
    if (open >= 0) {
      const size = remaining(x.shape, shape.toSpliced(open, 1));
      if (size === undefined) return [{ dtype: x.dtype, shape: openedAt(shape, [open]) }];
      shape[open] = size;
    }
    const [before, after] = [numbers(x.shape), numbers(shape)];
    if (before !== undefined && after !== undefined && elementCount(before) !== elementCount(after)) {
      throw new RangeError(`x ${shapeText(x.shape)} does not fill ${shapeText(target)}`);
    }
    return [reshaped(x, shape)];
  },
};

export const Flatten: OpDefinition = {
  opType: 'Flatten',
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const stated = intOf(attributes, 'axis', 1);
    const axis = stated === shape.length ? stated : axisOf(stated, shape.length);
    const product = (sizes: readonly Dim[]) => sizes.reduce(multiplyDims, 1);
    return [{ dtype, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
  },
};

export const Squeeze: OpDefinition = {
  opType: 'Squeeze',
  attributes: { axes: 'ints' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const stated = staticNumbers(inputs, attributes, 'axes');
    if (stated === undefined) return openType(x, x.shape.length - countAt(inputs, 1));
    // Without axes an open size might be one of those that go.
    if (stated.length === 0 && numbers(x.shape) === undefined) return [];
    const axes = axesOf(stated, x.shape.length);
    for (const axis of axes) {
      if (differentDims(at(x.shape, axis), 1)) {
        throw new RangeError(`axis ${axis} of ${shapeText(x.shape)} is not of size 1`);
      }
    }
    const isRemoved = (size: Dim, axis: number) => (axes.size === 0 ? size === 1 : axes.has(axis));
    const shape = x.shape.filter((size, axis) => !isRemoved(size, axis));
    return [reshaped(x, shape)];
  },
};

export const Unsqueeze: OpDefinition = {
  opType: 'Unsqueeze',
  attributes: { axes: 'ints' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    if (inputs[1] === undefined && !attributes.has('axes')) throw new TypeError('axes are missing');
    const axes = staticNumbers(inputs, attributes, 'axes');
    if (axes === undefined) return openType(x, x.shape.length + countAt(inputs, 1));
    const shape = [...x.shape];
    const inserted = [...axesOf(axes, shape.length + axes.length)].sort((a, b) => a - b);
    for (const axis of inserted) shape.splice(axis, 0, 1);
    return [reshaped(x, shape)];
  },
};

/** ONNX Reshape. */
export const reshape = (x: Value, shape: readonly number[]): Value => reshapeTo(x, int64List(shape));

/** ONNX Reshape to a shape that is computed. */
export const reshapeTo = (x: Value, shape: Value): Value => apply(Reshape, [x, shape]);
