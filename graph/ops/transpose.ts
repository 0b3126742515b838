import { at } from '../common/at.js';
import { ints, intsOf } from '../ir/attribute.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { rearranged } from './elements.js';

export const Transpose: OpDefinition = {
  opType: 'Transpose',
  attributes: { perm: 'ints' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const axes = [...x.shape.keys()];
    const order = intsOf(attributes, 'perm', axes.toReversed());
    if (order.length !== axes.length || !axes.every((axis) => order.includes(axis))) {
      throw new RangeError(`perm [${order}] does not order ${axes.length} axes`);
    }
    const shape = order.map((axis) => at(x.shape, axis));
    return [rearranged(x, shape, (index) => axes.map((axis) => at(index, order.indexOf(axis))))];
  },
};

/** ONNX Transpose. */
export const transpose = (x: Value, perm: readonly number[]): Value =>
  apply(Transpose, [x], { perm: ints(perm) });
