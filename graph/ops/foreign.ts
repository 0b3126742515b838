import { intOf, intsOf } from '../attribute.js';
import type { Dim } from '../dim.js';
import { dtypeOfCode } from '../dtype.js';
import { type OpDefinition, required } from '../op.js';
import { contentOf, type ValueType } from '../value.js';
import { axisOf } from './shapes.js';

/**
 * Operators that other exporters write around sizes. They are understood so that foreign models can be measured; what
 * they say of other data stays unknown.
 */

const Constant: OpDefinition = {
  opType: 'Constant',
  since: 1,
  infer(_, attributes) {
    const value = attributes.get('value');
    if (value?.type !== 'tensor') return [];
    return [{ dtype: value.value.dtype, shape: value.value.dims, constant: value.value }];
  },
};

const Identity: OpDefinition = {
  opType: 'Identity',
  since: 1,
  infer: (inputs) => [required(inputs, 0, 'x')],
};

const Cast: OpDefinition = {
  opType: 'Cast',
  since: 1,
  form: 6,
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const dtype = dtypeOfCode(intOf(attributes, 'to', 0));
    if (dtype === undefined) return [];
    const content = dtype === 'int64' || dtype === 'int32' ? contentOf(x) : undefined;
    return [{ dtype, shape: x.shape, ...(content && { content }) }];
  },
};

/** A scalar or a vector of sizes. */
function sizes(dtype: ValueType['dtype'], content: readonly Dim[], rank: number): ValueType {
  return { dtype, shape: rank === 0 ? [] : [content.length], content };
}

const Gather: OpDefinition = {
  opType: 'Gather',
  since: 1,
  infer(inputs, attributes) {
    const data = required(inputs, 0, 'data');
    const indices = required(inputs, 1, 'indices');
    const [from, at] = [contentOf(data), contentOf(indices)];
    if (from !== undefined && at !== undefined && data.shape.length === 1) {
      const picked = at.map((i) => (typeof i === 'number' ? from[i < 0 ? i + from.length : i] : undefined));
      if (picked.every((dim) => dim !== undefined)) {
        return [sizes(data.dtype, picked, indices.shape.length)];
      }
    }
    const axis = axisOf(intOf(attributes, 'axis', 0), data.shape.length);
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    return [{ dtype: data.dtype, shape }];
  },
};

const Slice: OpDefinition = {
  opType: 'Slice',
  since: 1,
  form: 10,
  infer(inputs) {
    const data = required(inputs, 0, 'data');
    const content = contentOf(data);
    const [start, end, , step] = inputs.slice(1).map((type) => contentOf(type)?.[0]);
    const understood = content !== undefined && typeof start === 'number' && typeof end === 'number';
    if (!understood || (step !== undefined && step !== 1)) return [];
    return [sizes(data.dtype, content.slice(start, end), 1)];
  },
};

const Unsqueeze: OpDefinition = {
  opType: 'Unsqueeze',
  since: 1,
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const axes = contentOf(inputs[1]) ?? intsOf(attributes, 'axes', []);
    const rank = x.shape.length + axes.length;
    const inserted = new Set(axes.map((axis) => (typeof axis === 'number' && axis < 0 ? axis + rank : axis)));
    const rest = [...x.shape];
    const shape = Array.from({ length: rank }, (_, at) => (inserted.has(at) ? 1 : (rest.shift() ?? 1)));
    const content = contentOf(x);
    return [{ dtype: x.dtype, shape, ...(content && { content }) }];
  },
};

export const FOREIGN: readonly OpDefinition[] = [Constant, Identity, Cast, Gather, Slice, Unsqueeze];
