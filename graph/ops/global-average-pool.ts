import { shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';

function globalPooling(opType: string, attributes: OpDefinition['attributes'] = {}): OpDefinition {
  return {
    opType,
    attributes,
    infer(inputs) {
      const { dtype, shape } = required(inputs, 0, 'x');
      if (shape.length < 3) throw new RangeError(`x ${shapeText(shape)} has no spatial axis`);
      return [{ dtype, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }];
    },
  };
}

export const GlobalAveragePool = globalPooling('GlobalAveragePool');
export const GlobalMaxPool = globalPooling('GlobalMaxPool');
export const GlobalLpPool = globalPooling('GlobalLpPool', { p: 'int' });

/** ONNX GlobalAveragePool. x [N, C, ...space] -> [N, C, 1, ...]: the mean over all places. */
export const globalAveragePool = (x: Value): Value => apply(GlobalAveragePool, [x]);
/** ONNX GlobalMaxPool, likewise the largest. */
export const globalMaxPool = (x: Value): Value => apply(GlobalMaxPool, [x]);
