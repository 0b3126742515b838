import { int, intOf } from '../ir/attribute.js';
import { DTYPES, type DType, dtypeOfCode } from '../ir/dtype.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { reshaped } from './elements.js';

/** The last code of onnx.proto's TensorProto.DataType (ONNX 1.20: INT2). */
const LAST_TYPE = 26;

export const Cast: OpDefinition = {
  opType: 'Cast',
  since: 1,
  sinceSignature: 6,
  attributes: { to: 'int' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const code = intOf(attributes, 'to', 0);
    if (code < 1 || code > LAST_TYPE)
      throw new RangeError(`attribute 'to' is ${code}, which is no element type`);
    const dtype = dtypeOfCode(code);
    if (dtype === undefined) return [];
    const isWhole = dtype === 'int64' || dtype === 'int32';
    return [isWhole ? { ...reshaped(x, x.shape), dtype } : { dtype, shape: x.shape }];
  },
};

/** ONNX Cast. */
export const cast = (x: Value, to: DType): Value => apply(Cast, [x], { to: int(DTYPES[to].onnx) });
