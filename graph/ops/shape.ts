import { intOf } from '../ir/attribute.js';
import { multiplyDims } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';

export const Shape: OpDefinition = {
  opType: 'Shape',
  attributes: { start: 'int', end: 'int' },
  infer(inputs, attributes) {
    const { shape } = required(inputs, 0, 'x');
    const content = shape.slice(intOf(attributes, 'start', 0), intOf(attributes, 'end', shape.length));
    return [{ dtype: 'int64', shape: [content.length], content }];
  },
};

/** How many elements x has. */
export const Size: OpDefinition = {
  opType: 'Size',
  infer(inputs) {
    const count = required(inputs, 0, 'x').shape.reduce(multiplyDims, 1);
    return [{ dtype: 'int64', shape: [], content: [count] }];
  },
};

/** ONNX Shape: the sizes of x, int64 [rank]. */
export const shapeOf = (x: Value): Value => apply(Shape, [x]);
