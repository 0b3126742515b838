import { at } from '../common/at.js';
import { type Attributes, int, intOf } from '../ir/attribute.js';
import { mayEqual, shapeText } from '../ir/dim.js';
import type { DType } from '../ir/dtype.js';
import { apply, type OpDefinition, type Operands, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { Conv } from './conv.js';
import { MatMul } from './matmul.js';
import { axisOf } from './operands.js';

const TYPES = { axis: 'int', block_size: 'int', output_dtype: 'int', saturate: 'int' } as const;

/** One scale for all, one an element of an axis, or (from opset 21 on) one a block. @throws RangeError */
function checkScale(inputs: Operands, attributes: Attributes): void {
  const { shape } = required(inputs, 0, 'x');
  const scale = required(inputs, 1, 'scale').shape;
  if (scale.length === 0 || scale[0] === 1 || intOf(attributes, 'block_size', 0) !== 0) return;
  const axis = axisOf(intOf(attributes, 'axis', 1), shape.length);
  if (!mayEqual(scale, [at(shape, axis)])) {
    throw new RangeError(
      `scale is ${shapeText(scale)}, x ${shapeText(shape)} is quantised along axis ${axis}`,
    );
  }
}

export const QuantizeLinear: OpDefinition = {
  opType: 'QuantizeLinear',
  since: 10,
  attributes: TYPES,
  infer(inputs, attributes) {
    const { shape } = required(inputs, 0, 'x');
    checkScale(inputs, attributes);
    return [{ dtype: inputs[2]?.dtype ?? 'uint8', shape }];
  },
};

export const DequantizeLinear: OpDefinition = {
  opType: 'DequantizeLinear',
  since: 10,
  parameters: [0],
  attributes: TYPES,
  infer(inputs, attributes) {
    checkScale(inputs, attributes);
    return [{ dtype: required(inputs, 1, 'scale').dtype, shape: required(inputs, 0, 'x').shape }];
  },
};

/** Convolutions and products of integers, as quantised models of others have them. @param places of x, weight and bias among the inputs */
function onIntegers(
  opType: string,
  like: OpDefinition,
  places: readonly number[],
  dtypeOf: (inputs: Operands) => DType,
): OpDefinition {
  const operands = (inputs: Operands) => places.map((place) => inputs[place]);
  return {
    opType,
    since: 10,
    parameters: places.slice(1),
    ...(like.attributes && { attributes: like.attributes }),
    infer(inputs, ...node) {
      const dtype = dtypeOf(inputs);
      return like.infer(operands(inputs), ...node).map(({ shape }) => ({ dtype, shape }));
    },
    macs: (inputs, ...node) => like.macs?.(operands(inputs), ...node),
  };
}

const zeroPointAt = (place: number) => (inputs: Operands) => required(inputs, place, 'zero point').dtype;

export const ConvInteger = onIntegers('ConvInteger', Conv, [0, 1], () => 'int32');
export const MatMulInteger = onIntegers('MatMulInteger', MatMul, [0, 1], () => 'int32');
export const QLinearConv = onIntegers('QLinearConv', Conv, [0, 3, 8], zeroPointAt(7));
export const QLinearMatMul = onIntegers('QLinearMatMul', MatMul, [0, 3], zeroPointAt(7));

/** Gives scale and zero point too. */
export const DynamicQuantizeLinear: OpDefinition = {
  opType: 'DynamicQuantizeLinear',
  since: 11,
  infer: (inputs) => [
    { dtype: 'uint8', shape: required(inputs, 0, 'x').shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
};

/** ONNX QuantizeLinear: round(x / scale) + zero point, saturated. */
export const quantizeLinear = (x: Value, scale: Value, zeroPoint: Value): Value =>
  apply(QuantizeLinear, [x, scale, zeroPoint]);

/** ONNX DequantizeLinear: (x - zero point) scale; with an axis, one scale an element of it (from opset 13 on). */
export const dequantizeLinear = (
  x: Value,
  scale: Value,
  zeroPoint: Value | undefined,
  axis?: number,
): Value => apply(DequantizeLinear, [x, scale, zeroPoint], axis === undefined ? {} : { axis: int(axis) });
