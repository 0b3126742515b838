import { int } from '../attribute.js';
import { apply, type OpDefinition, required } from '../op.js';
import type { Value } from '../value.js';

export const QuantizeLinear: OpDefinition = {
  opType: 'QuantizeLinear',
  since: 10,
  infer(inputs) {
    const { shape } = required(inputs, 0, 'x');
    required(inputs, 1, 'scale');
    return [{ dtype: inputs[2]?.dtype ?? 'uint8', shape }];
  },
};

export const DequantizeLinear: OpDefinition = {
  opType: 'DequantizeLinear',
  since: 10,
  parameters: [0],
  infer: (inputs) => [{ dtype: required(inputs, 1, 'scale').dtype, shape: required(inputs, 0, 'x').shape }],
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
