import { int, intOf } from '../attribute.js';
import { numbers, subtractDims } from '../dim.js';
import { DTYPES, type DType, dtypeOfCode } from '../dtype.js';
import { apply, type OpDefinition, required } from '../op.js';
import { elementCount } from '../tensor.js';
import { contentOf, MAX_CONTENT, type Value } from '../value.js';
import { MaxPool } from './max-pool.js';
import { unary } from './unary.js';

/**
 * Operators that other exporters write, most of them around sizes. They are understood so that foreign models can be measured;
 * what they say of other data stays unknown.
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

const ConstantOfShape: OpDefinition = {
  opType: 'ConstantOfShape',
  since: 9,
  infer(inputs, attributes) {
    const shape = contentOf(required(inputs, 0, 'shape'));
    const value = attributes.get('value');
    const fill = value?.type === 'tensor' ? { dtype: value.value.dtype, constant: value.value } : undefined;
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
    const content = contentOf(x)?.map((dim) => subtractDims(0, dim));
    return [{ dtype: x.dtype, shape: x.shape, ...(content && { content }) }];
  },
};

const HardSwish = unary('HardSwish', 14);
const LeakyRelu = { ...unary('LeakyRelu', 1), form: 6 };
const AveragePool: OpDefinition = { ...MaxPool, opType: 'AveragePool' };

export const FOREIGN: readonly OpDefinition[] = [
  Constant,
  Identity,
  Cast,
  ConstantOfShape,
  Neg,
  HardSwish,
  LeakyRelu,
  AveragePool,
];

/** ONNX Cast. */
export const cast = (x: Value, to: DType): Value => apply(Cast, [x], { to: int(DTYPES[to].onnx) });
