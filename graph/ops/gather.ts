import { at } from '../common/at.js';
import { int, intOf } from '../ir/attribute.js';
import { numbers } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { int64Tensor } from '../ir/tensor.js';
import { constant, contentOf, type Value } from '../ir/value.js';
import { rearranged } from './elements.js';
import { axisOf } from './operands.js';

export const Gather: OpDefinition = {
  opType: 'Gather',
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const data = required(inputs, 0, 'data');
    const indices = required(inputs, 1, 'indices');
    const axis = axisOf(intOf(attributes, 'axis', 0), data.shape.length);
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    const [picked, size] = [contentOf(indices), at(data.shape, axis)];
    const places = picked && numbers(picked);
    const outside = typeof size === 'number' && places?.find((place) => place < -size || place >= size);
    if (typeof outside === 'number') throw new RangeError(`index ${outside} is outside an axis of ${size}`);
    if (places === undefined || typeof size !== 'number' || indices.shape.length > 1) {
      return [{ dtype: data.dtype, shape }];
    }
    const isScalar = indices.shape.length === 0;
    return [
      rearranged(data, shape, (index) => {
        const place = at(places, isScalar ? 0 : at(index, axis));
        const behind = index.slice(isScalar ? axis : axis + 1);
        return [...index.slice(0, axis), place < 0 ? place + size : place, ...behind];
      }),
    ];
  },
};

/** ONNX Gather along axis 0, by indices that are known. */
export const gather = (data: Value, indices: readonly number[]): Value =>
  gatherAt(data, constant(int64Tensor([indices.length], indices)));

/** ONNX Gather along axis 0, by indices that are computed. */
export const gatherAt = (data: Value, indices: Value): Value =>
  apply(Gather, [data, indices], { axis: int(0) });
