import { int, intOf, string } from '../attribute.js';
import { addDims, type Dim, differentDims, numbers, shapeText } from '../dim.js';
import { apply, type OpDefinition, required } from '../op.js';
import { contentOf, type Value, type ValueType } from '../value.js';

/** An axis counted from the end where negative. */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank) throw new RangeError(`axis ${axis} is outside a rank of ${rank}`);
  return at;
}

/** Numbers that are an attribute in older opsets and an input, at position 1, in newer ones; undefined where not known. */
export function toldNumbers(
  inputs: readonly (ValueType | undefined)[],
  attribute: readonly number[],
): readonly number[] | undefined {
  if (inputs[1] === undefined) return attribute;
  const content = contentOf(inputs[1]);
  return content && numbers(content);
}

export const Shape: OpDefinition = {
  opType: 'Shape',
  since: 1,
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
  infer(inputs, attributes) {
    const parts = inputs.map((_, at) => required(inputs, at, 'part'));
    const first = required(inputs, 0, 'part');
    const axis = axisOf(intOf(attributes, 'axis', 0), first.shape.length);
    let along: Dim = 0;
    for (const { dtype, shape } of parts) {
      const fits = shape.every((dim, at) => at === axis || !differentDims(dim, first.shape[at] ?? 1));
      if (dtype !== first.dtype || shape.length !== first.shape.length || !fits) {
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
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const pads = contentOf(required(inputs, 1, 'pads'));
    const rank = x.shape.length;
    if (pads === undefined || inputs[3] !== undefined) return [];
    if (pads.length !== 2 * rank)
      throw new RangeError(`pads holds ${pads.length} sizes, expected ${2 * rank}`);
    const shape = x.shape.map((dim, axis) => addDims(dim, addDims(pads[axis] ?? 0, pads[axis + rank] ?? 0)));
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
