import { int, intOf } from '../ir/attribute.js';
import type { Dim } from '../ir/dim.js';
import { DTYPES, type DType, dtypeOfCode } from '../ir/dtype.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { contentOf, type Value } from '../ir/value.js';

/** The last code of onnx.proto's TensorProto.DataType (ONNX 1.20: INT2). */
const LAST_TYPE = 26;

export const Cast: OpDefinition = {
  opType: 'Cast',
  sinceSignature: 6,
  attributes: { to: 'int' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const code = intOf(attributes, 'to', 0);
    if (code < 1 || code > LAST_TYPE)
      throw new RangeError(`attribute 'to' is ${code}, which is not an element type`);
    const dtype = dtypeOfCode(code);
    if (dtype === undefined) return [];
    if (dtype !== 'int64' && dtype !== 'int32' && dtype !== 'float32') return [{ dtype, shape: x.shape }];
    const content = contentOf(x)?.map((dim) => castElement(dim, dtype)) ?? [Number.NaN];
    const isKnown = content.every((dim) => typeof dim !== 'number' || Number.isFinite(dim));
    return [{ dtype, shape: x.shape, ...(isKnown && { content }) }];
  },
};

/** Numbers are rounded to float32, or cut off at the point; what is not known is a whole number. */
function castElement(dim: Dim, dtype: 'float32' | 'int32' | 'int64'): Dim {
  if (typeof dim !== 'number') return dim;
  return dtype === 'float32' ? Math.fround(dim) : Math.trunc(dim);
}

/** To the type of another value. */
export const CastLike: OpDefinition = {
  opType: 'CastLike',
  since: 15,
  infer(inputs) {
    const { shape } = required(inputs, 0, 'x');
    return [{ dtype: required(inputs, 1, 'target').dtype, shape }];
  },
};

/** ONNX Cast. */
export const cast = (x: Value, to: DType): Value => apply(Cast, [x], { to: int(DTYPES[to].onnx) });
