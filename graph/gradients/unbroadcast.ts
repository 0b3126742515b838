import { at } from '../common/at.js';
import { sameDim } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import { reduceSum } from '../ops/reduce.js';

/**
 * The gradient of an operand that was broadcast: the sum over the axes along which it was stretched.
 * @param dy of the shape of the result
 */
export function unbroadcast(dy: Value, operand: Value): Value {
  const missing = dy.shape.length - operand.shape.length;
  const stretched = [...operand.shape.keys()].filter(
    (axis) => operand.shape[axis] === 1 && !sameDim(at(dy.shape, axis + missing), 1),
  );
  const inner = stretched.map((axis) => axis + missing);
  const summed = inner.length === 0 ? dy : reduceSum(dy, inner);
  return missing === 0 ? summed : reduceSum(summed, [...Array(missing).keys()], false);
}
