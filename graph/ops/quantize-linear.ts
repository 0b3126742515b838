import { at } from '../common/at.js';
import { type Attributes, int, intOf } from '../ir/attribute.js';
import { mayEqual, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, type Operands, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
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
