import { type Attribute, type Attributes, int, intOf } from '../ir/attribute.js';
import { exactly, numbers, subtractDims } from '../ir/dim.js';
import { DTYPES, type DType, dtypeOfCode } from '../ir/dtype.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { elementCount, float32Tensor, float32Values, int64Tensor, type Tensor } from '../ir/tensor.js';
import { contentOf, MAX_CONTENT, type Value, type ValueType } from '../ir/value.js';
import { listAt } from './shapes.js';

/**
 * Operators that other exporters write, most of them around sizes. They are understood so that foreign models can be measured;
 * what they say of other data stays unknown.
 */

/** The attributes that may hold the value of a Constant, with their types. */
const CONSTANT_FORMS = {
  value_float: 'float',
  value_floats: 'floats',
  value_int: 'int',
  value_ints: 'ints',
  value_string: 'string',
  value_strings: 'strings',
} as const;

const Constant: OpDefinition = {
  opType: 'Constant',
  since: 1,
  attributes: CONSTANT_FORMS,
  infer(_, attributes) {
    const forms = ['value', 'sparse_value', ...Object.keys(CONSTANT_FORMS)];
    const given = forms.filter((name) => attributes.has(name));
    if (given.length !== 1) {
      throw new TypeError(`it has ${given.join(', ') || 'no value'}, expected one of ${forms.join(', ')}`);
    }
    const tensor = constantOf(attributes);
    return tensor ? [{ dtype: tensor.dtype, shape: tensor.dims, constant: tensor }] : [];
  },
};

/** Undefined for what is no tensor here: strings, sparse ones, integers beyond 2^53. */
function constantOf(attributes: Attributes): Tensor | undefined {
  const value = attributes.get('value');
  if (value !== undefined) return valueTensor(value);
  for (const name of Object.keys(CONSTANT_FORMS)) {
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

/** The tensor that an attribute is; undefined for one of elements that are not held. @throws TypeError where it is none */
function valueTensor(attribute: Attribute): Tensor | undefined {
  if (attribute.type === 'tensor') return attribute.value;
  if (attribute.type === 'other') return undefined;
  throw new TypeError(`attribute 'value' is of type ${attribute.type}, expected tensor`);
}

const Identity: OpDefinition = {
  opType: 'Identity',
  since: 1,
  infer: (inputs) => [required(inputs, 0, 'x')],
};

/** The last code of onnx.proto's TensorProto.DataType (ONNX 1.20: INT2). */
const LAST_TYPE = 26;

const Cast: OpDefinition = {
  opType: 'Cast',
  since: 1,
  form: 6,
  attributes: { to: 'int' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const code = intOf(attributes, 'to', 0);
    if (code < 1 || code > LAST_TYPE)
      throw new RangeError(`attribute 'to' is ${code}, which is no element type`);
    const dtype = dtypeOfCode(code);
    if (dtype === undefined) return [];
    const content = dtype === 'int64' || dtype === 'int32' ? contentOf(x) : undefined;
    return [{ dtype, shape: x.shape, ...(content && { content }) }];
  },
};

const ConstantOfShape: OpDefinition = {
  opType: 'ConstantOfShape',
  since: 9,
  infer(inputs, attributes) {
    const shape = listAt(inputs, 0, 'shape');
    const value = attributes.get('value');
    const tensor = value && valueTensor(value);
    // Of elements that are not held.
    if (value !== undefined && tensor === undefined) return [];
    if (tensor !== undefined && elementCount(tensor.dims) !== 1) {
      throw new TypeError("attribute 'value' is no tensor of one element");
    }
    const fill = tensor && { dtype: tensor.dtype, constant: tensor };
    if (shape === undefined) return [];
    const sizes = numbers(shape);
    const filling = fill && contentOf({ ...fill, shape: [1] })?.[0];
    const known = filling !== undefined && sizes !== undefined && elementCount(sizes) <= MAX_CONTENT;
    const content = known ? Array(elementCount(sizes)).fill(filling) : undefined;
    return [{ dtype: fill?.dtype ?? 'float32', shape, ...(content && { content }) }];
  },
};

const Neg: OpDefinition = {
  opType: 'Neg',
  since: 1,
  form: 6,
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const content = exactly(() => contentOf(x)?.map((dim) => subtractDims(0, dim)));
    return [{ dtype: x.dtype, shape: x.shape, ...(content && { content }) }];
  },
};

/** A scalar that is known before anything runs. */
function scalarOf(value: ValueType): number | undefined {
  if (value.dtype === 'float32') return value.constant && float32Values(value.constant)[0];
  const [known] = contentOf(value) ?? [];
  return typeof known === 'number' ? known : undefined;
}

const Range: OpDefinition = {
  opType: 'Range',
  since: 11,
  infer(inputs) {
    const start = required(inputs, 0, 'start');
    const bounds = [start, required(inputs, 1, 'limit'), required(inputs, 2, 'delta')].map(scalarOf);
    const [from, to, by] = bounds;
    if (by === 0) throw new RangeError('delta is 0');
    if (from === undefined || to === undefined || by === undefined) return [];
    return [{ dtype: start.dtype, shape: [Math.max(0, Math.ceil((to - from) / by))] }];
  },
};

export const FOREIGN: readonly OpDefinition[] = [Constant, Identity, Cast, ConstantOfShape, Neg, Range];

/** ONNX Cast. */
export const cast = (x: Value, to: DType): Value => apply(Cast, [x], { to: int(DTYPES[to].onnx) });
