import { type Attributes, int, intOf, intsOf, string } from '../ir/attribute.js';
import { addDims, type Dim, differentDims, numbers, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { contentOf, type Value, type ValueType } from '../ir/value.js';

/** An axis counted from the end where negative. */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank) throw new RangeError(`axis ${axis} is outside a rank of ${rank}`);
  return at;
}

/** Axes, counted from the beginning. @throws RangeError where one is outside the rank, or named twice */
export function axesOf(axes: readonly number[], rank: number): ReadonlySet<number> {
  const distinct = new Set(axes.map((axis) => axisOf(axis, rank)));
  if (distinct.size < axes.length) throw new RangeError(`axes [${axes}] name one twice`);
  return distinct;
}

/**
 * The elements of an input that lists sizes, places or axes; undefined where they are not known.
 * @throws TypeError, RangeError where it is no list of whole numbers
 */
export function listAt(
  inputs: readonly (ValueType | undefined)[],
  at: number,
  name: string,
): readonly Dim[] | undefined {
  const type = required(inputs, at, name);
  if (type.dtype !== 'int64' && type.dtype !== 'int32') {
    throw new TypeError(`${name} is ${type.dtype}, expected int64`);
  }
  if (type.shape.length > 1) throw new RangeError(`${name} is ${shapeText(type.shape)}, expected a list`);
  return contentOf(type);
}

/** Numbers that are an attribute in older opsets and an input, at position 1, in newer ones; undefined where not known. */
export function staticNumbers(
  inputs: readonly (ValueType | undefined)[],
  attributes: Attributes,
  name: string,
): readonly number[] | undefined {
  if (inputs[1] === undefined) return intsOf(attributes, name, []);
  const content = listAt(inputs, 1, name);
  return content && numbers(content);
}

export const Shape: OpDefinition = {
  opType: 'Shape',
  since: 1,
  attributes: { start: 'int', end: 'int' },
  infer(inputs, attributes) {
    const { shape } = required(inputs, 0, 'x');
    const content = shape.slice(intOf(attributes, 'start', 0), intOf(attributes, 'end', shape.length));
    return [{ dtype: 'int64', shape: [content.length], content }];
  },
};

export const Concat: OpDefinition = {
  opType: 'Concat',
  since: 1,
  form: 4,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    if (!attributes.has('axis')) throw new TypeError("attribute 'axis' is missing");
    const parts = inputs.map((_, at) => required(inputs, at, 'part'));
    const first = required(inputs, 0, 'part');
    const axis = axisOf(intOf(attributes, 'axis', 0), first.shape.length);
    let along: Dim = 0;
    for (const { dtype, shape } of parts) {
      if (dtype !== first.dtype) throw new TypeError(`parts are ${first.dtype} and ${dtype}`);
      const fits = shape.every((dim, at) => at === axis || !differentDims(dim, first.shape[at] ?? 1));
      if (shape.length !== first.shape.length || !fits) {
        throw new RangeError(`${shapeText(first.shape)} and ${shapeText(shape)} do not join on axis ${axis}`);
      }
      along = addDims(along, shape[axis] ?? 0);
    }
    const contents = parts.map(contentOf);
    const content = contents.every((part) => part !== undefined) ? contents.flat() : undefined;
    const shape = first.shape.map((dim, at) => (at === axis ? along : dim));
    return [{ dtype: first.dtype, shape, ...(content && shape.length === 1 && { content }) }];
  },
};

export const Pad: OpDefinition = {
  opType: 'Pad',
  since: 1,
  form: 11,
  attributes: { mode: 'string' },
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const rank = x.shape.length;
    const pads = listAt(inputs, 1, 'pads');
    // From opset 18 on an input says which axes are padded.
    const given = inputs[3] === undefined ? [...x.shape.keys()] : listAt(inputs, 3, 'axes');
    const told = given && numbers(given);
    if (pads === undefined || told === undefined) return [];
    const axes = [...axesOf(told, rank)];
    if (pads.length !== 2 * axes.length) {
      throw new RangeError(`pads holds ${pads.length} sizes, expected ${2 * axes.length}`);
    }
    const shape = [...x.shape];
    for (const [at, axis] of axes.entries()) {
      const added = addDims(pads[at] ?? 0, pads[at + axes.length] ?? 0);
      shape[axis] = addDims(x.shape[axis] ?? 0, added);
    }
    return [{ dtype: x.dtype, shape }];
  },
};

/** ONNX Shape: the sizes of x, int64 [rank]. */
export const shapeOf = (x: Value): Value => apply(Shape, [x]);

/** ONNX Concat along an axis. */
export const concat = (parts: readonly Value[], axis: number): Value =>
  apply(Concat, parts, { axis: int(axis) });

/** What ONNX Pad fills with: zeros, the element at the border, or those inside it, mirrored at the border's. */
export type PadMode = 'constant' | 'edge' | 'reflect';

/** ONNX Pad; `pads` int64 [2 rank]: all begins, then all ends. */
export const pad = (x: Value, pads: Value, mode: PadMode = 'constant'): Value =>
  apply(Pad, [x, pads], mode === 'constant' ? {} : { mode: string(mode) });
