import { at } from '../common/at.js';
import { int, intOf } from '../ir/attribute.js';
import { addDims, type Dim, mayEqual, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { contentOf, type Value } from '../ir/value.js';
import { axisOf } from './operands.js';

export const Concat: OpDefinition = {
  opType: 'Concat',
  sinceSignature: 4,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    if (!attributes.has('axis')) throw new TypeError("attribute 'axis' is missing");
    const joined = inputs.map((_, index) => required(inputs, index, 'part'));
    const { dtype, shape } = required(inputs, 0, 'part');
    const axis = axisOf(intOf(attributes, 'axis', 0), shape.length);
    let along: Dim = 0;
    for (const part of joined) {
      if (part.dtype !== dtype) throw new TypeError(`parts are ${dtype} and ${part.dtype}`);
      if (part.shape.length !== shape.length || !mayEqual(part.shape.with(axis, 0), shape.with(axis, 0))) {
        throw new RangeError(`${shapeText(shape)} and ${shapeText(part.shape)} do not join on axis ${axis}`);
      }
      along = addDims(along, at(part.shape, axis));
    }
    const contents = joined.map(contentOf);
    const content = contents.every((part) => part !== undefined) ? contents.flat() : undefined;
    return [{ dtype, shape: shape.with(axis, along), ...(content && shape.length === 1 && { content }) }];
  },
};

/** ONNX Concat along an axis. */
export const concat = (values: readonly Value[], axis: number): Value =>
  apply(Concat, values, { axis: int(axis) });
