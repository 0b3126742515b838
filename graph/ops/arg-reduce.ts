import { int, intOf } from '../ir/attribute.js';
import { OPEN } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { axisOf, listAt } from './operands.js';

/** Where along an axis the largest or smallest element stands. */
function argReduction(opType: string): OpDefinition {
  return {
    opType,
    attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
    infer(inputs, attributes) {
      const { shape } = required(inputs, 0, 'x');
      const axis = axisOf(intOf(attributes, 'axis', 0), shape.length);
      const kept = intOf(attributes, 'keepdims', 1) === 1;
      return [{ dtype: 'int64', shape: kept ? shape.with(axis, 1) : shape.toSpliced(axis, 1) }];
    },
  };
}

export const ArgMax = argReduction('ArgMax');
export const ArgMin = argReduction('ArgMin');

/** How many it gives is an attribute until opset 9. */
export const TopK: OpDefinition = {
  opType: 'TopK',
  outputs: 2,
  attributes: { axis: 'int', k: 'int', largest: 'int', sorted: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const axis = axisOf(intOf(attributes, 'axis', -1), shape.length);
    const [count] = attributes.has('k') ? [intOf(attributes, 'k', 0)] : (listAt(inputs, 1, 'k') ?? []);
    const chosen = shape.with(axis, count ?? OPEN);
    return [
      { dtype, shape: chosen },
      { dtype: 'int64', shape: chosen },
    ];
  },
};

/** ONNX TopK: the k smallest elements of x along an axis, in their order. @param k int64 [1] */
export const smallest = (x: Value, k: Value, axis: number): Value =>
  apply(TopK, [x, k], { axis: int(axis), largest: int(0), sorted: int(1) });
