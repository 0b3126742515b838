import { at } from '../common/at.js';
import type { Attribute, Attributes } from '../ir/attribute.js';
import { type Dim, numbers, OPEN } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';
import { elementCount, float32Tensor, int64Tensor, type Tensor } from '../ir/tensor.js';
import { contentOf, MAX_CONTENT, type ValueType } from '../ir/value.js';
import { listAt, openType } from './operands.js';

/** The attributes that may hold the value of a Constant, with their types. */
const VALUE_TYPES = {
  value_float: 'float',
  value_floats: 'floats',
  value_int: 'int',
  value_ints: 'ints',
  value_string: 'string',
  value_strings: 'strings',
} as const;

export const Constant: OpDefinition = {
  opType: 'Constant',
  attributes: VALUE_TYPES,
  infer(_, attributes) {
    const names = ['value', 'sparse_value', ...Object.keys(VALUE_TYPES)];
    const given = names.filter((name) => attributes.has(name));
    if (given.length !== 1) {
      throw new TypeError(`it has ${given.join(', ') || 'no value'}, expected one of ${names.join(', ')}`);
    }
    const tensor = constantOf(attributes);
    if (tensor !== undefined) return [{ dtype: tensor.dtype, shape: tensor.dims, constant: tensor }];
    return textsOf(attributes);
  },
};

/** Undefined for what is no tensor here: strings, integers beyond 2^53, sparse ones that are large. */
function constantOf(attributes: Attributes): Tensor | undefined {
  const value = attributes.get('value') ?? attributes.get('sparse_value');
  if (value !== undefined) return valueTensor(value);
  for (const name of Object.keys(VALUE_TYPES)) {
    const attribute = attributes.get(name);
    if (attribute === undefined || attribute.whole !== undefined) continue;
    switch (attribute.type) {
      case 'float':
        return float32Tensor([], [attribute.value]);
      case 'floats':
        return float32Tensor([attribute.value.length], attribute.value);
      case 'int':
        return int64Tensor([], [attribute.value]);
      case 'ints':
        return int64Tensor([attribute.value.length], attribute.value);
    }
  }
  return undefined;
}

/** What a Constant of texts gives. */
function textsOf(attributes: Attributes): readonly ValueType[] {
  if (attributes.has('value_string')) return [{ dtype: 'string', shape: [] }];
  const texts = attributes.get('value_strings');
  return texts?.type === 'strings' ? [{ dtype: 'string', shape: [texts.value.length] }] : [];
}

/** The tensor that an attribute is; undefined for one of elements that are not held. @throws TypeError where it is none */
function valueTensor(attribute: Attribute): Tensor | undefined {
  if (attribute.type === 'tensor') return attribute.value;
  if (attribute.type === 'other') return undefined;
  throw new TypeError(`attribute 'value' is of type ${attribute.type}, expected tensor`);
}

export const ConstantOfShape: OpDefinition = {
  opType: 'ConstantOfShape',
  since: 9,
  infer(inputs, attributes) {
    const shape = listAt(inputs, 0, 'shape');
    const value = attributes.get('value');
    const tensor = value && valueTensor(value);
    // Of elements that are not held.
    if (value !== undefined && tensor === undefined) return [];
    if (tensor !== undefined && elementCount(tensor.dims) !== 1) {
      throw new TypeError("attribute 'value' is not a tensor of one element");
    }
    const dtype = tensor?.dtype ?? 'float32';
    if (shape === undefined) return openType({ dtype, shape: [] }, required(inputs, 0, 'shape').shape[0]);
    if (tensor === undefined) return [{ dtype, shape }];
    const sizes = numbers(shape);
    const filling = contentOf({ dtype, shape: [1], constant: tensor });
    if (filling === undefined || sizes === undefined) return [{ dtype, shape }];
    const count = elementCount(sizes);
    if (count > MAX_CONTENT) return [{ dtype, shape }];
    return [{ dtype, shape, content: Array<Dim>(count).fill(at(filling, 0)) }];
  },
};

/** A scalar, where it is known before anything runs. */
const scalarOf = (value: ValueType): Dim | undefined => contentOf(value)?.[0];

export const Range: OpDefinition = {
  opType: 'Range',
  since: 11,
  infer(inputs) {
    const start = required(inputs, 0, 'start');
    const first = scalarOf(start);
    const limit = scalarOf(required(inputs, 1, 'limit'));
    const delta = scalarOf(required(inputs, 2, 'delta'));
    if (delta === 0) throw new RangeError('delta is 0');
    const open = [{ dtype: start.dtype, shape: [OPEN] }];
    if (typeof first !== 'number' || limit === undefined || typeof delta !== 'number') return open;
    const { dtype } = start;
    // As many as there are places up to a size that is not known.
    if (typeof limit !== 'number') return first === 0 && delta === 1 ? [{ dtype, shape: [limit] }] : open;
    const length = Math.max(0, Math.ceil((limit - first) / delta));
    if (dtype === 'float32' || length > MAX_CONTENT) return [{ dtype, shape: [length] }];
    return [{ dtype, shape: [length], content: Array.from({ length }, (_, index) => first + index * delta) }];
  },
};
