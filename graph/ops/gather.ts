import { at } from '../common/at.js';
import { int, intOf } from '../ir/attribute.js';
import { mayEqual, numbers, OPEN, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { contentOf, int64List, type Value } from '../ir/value.js';
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

/** Elements of data, each from where an index of its own says. */
export const GatherElements: OpDefinition = {
  opType: 'GatherElements',
  since: 11,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'data');
    const indices = required(inputs, 1, 'indices');
    axisOf(intOf(attributes, 'axis', 0), shape.length);
    if (indices.shape.length !== shape.length) {
      throw new RangeError(`indices are ${shapeText(indices.shape)}, data is ${shapeText(shape)}`);
    }
    return [{ dtype, shape: indices.shape }];
  },
};

/** Slices of data at places that the last axis of the indices lists. */
export const GatherND: OpDefinition = {
  opType: 'GatherND',
  since: 11,
  attributes: { batch_dims: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'data');
    const indices = required(inputs, 1, 'indices').shape;
    const batch = intOf(attributes, 'batch_dims', 0);
    const depth = indices.at(-1);
    if (depth === undefined) throw new RangeError('indices have no axis');
    if (typeof depth !== 'number') return [];
    if (batch < 0 || batch + depth > shape.length) {
      throw new RangeError(`${batch} + ${depth} axes of indices do not fit data ${shapeText(shape)}`);
    }
    return [{ dtype, shape: [...indices.slice(0, -1), ...shape.slice(batch + depth)] }];
  },
};

/** Data with other elements or slices at some places. */
function scattering(opType: string, since: number): OpDefinition {
  return {
    opType,
    since,
    attributes: { axis: 'int', reduction: 'string' },
    infer(inputs) {
      const { dtype, shape } = required(inputs, 0, 'data');
      required(inputs, 1, 'indices');
      const updates = required(inputs, 2, 'updates');
      if (updates.dtype !== dtype) throw new TypeError(`data is ${dtype}, updates are ${updates.dtype}`);
      return [{ dtype, shape }];
    },
  };
}

export const Scatter = scattering('Scatter', 9);
export const ScatterElements = scattering('ScatterElements', 11);
export const ScatterND: OpDefinition = {
  ...scattering('ScatterND', 11),
  infer(inputs, ...node) {
    const result = scattering('ScatterND', 11).infer(inputs, ...node);
    const [shape, indices] = [required(inputs, 0, 'data').shape, required(inputs, 1, 'indices').shape];
    const updates = required(inputs, 2, 'updates').shape;
    const depth = indices.at(-1);
    if (typeof depth !== 'number') return result;
    const expected = [...indices.slice(0, -1), ...shape.slice(depth)];
    if (depth > shape.length || !mayEqual(updates, expected)) {
      const found = `indices ${shapeText(indices)} and updates ${shapeText(updates)}`;
      throw new RangeError(`${found} do not fit data ${shapeText(shape)}`);
    }
    return result;
  },
};

/** One element where an index points, another elsewhere. */
export const OneHot: OpDefinition = {
  opType: 'OneHot',
  since: 9,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const { shape } = required(inputs, 0, 'indices');
    const [depth] = contentOf(required(inputs, 1, 'depth')) ?? [];
    const axis = axisOf(intOf(attributes, 'axis', -1), shape.length + 1);
    const { dtype } = required(inputs, 2, 'values');
    return [{ dtype, shape: shape.toSpliced(axis, 0, depth ?? OPEN) }];
  },
};

/** ONNX Gather along axis 0, by indices that are known. */
export const gather = (data: Value, indices: readonly number[]): Value => gatherAt(data, int64List(indices));

/** ONNX Gather along axis 0, by indices that are computed. */
export const gatherAt = (data: Value, indices: Value): Value =>
  apply(Gather, [data, indices], { axis: int(0) });
