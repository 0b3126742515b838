import { int, intOf } from '../attribute.js';
import { apply, type OpDefinition, required } from '../op.js';
import type { Value } from '../value.js';

/** Reductions over all axes. (Axes are an attribute until opset 17 and an input from 18 on; none of them need be said.) */
function reduction(opType: string): OpDefinition {
  return {
    opType,
    since: 1,
    infer(inputs, attributes) {
      const x = required(inputs, 0, 'x');
      if (attributes.has('axes') || inputs[1] !== undefined) return [];
      const kept = intOf(attributes, 'keepdims', 1) === 1;
      return [{ dtype: x.dtype, shape: kept ? x.shape.map(() => 1) : [] }];
    },
  };
}

export const ReduceMin = reduction('ReduceMin');
export const ReduceMax = reduction('ReduceMax');

/** The smallest element of x, [1, 1, ...] of its rank. */
export const reduceMin = (x: Value): Value => apply(ReduceMin, [x], { keepdims: int(1) });
/** The largest element of x, [1, 1, ...] of its rank. */
export const reduceMax = (x: Value): Value => apply(ReduceMax, [x], { keepdims: int(1) });
