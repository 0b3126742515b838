import { float } from '../ir/attribute.js';
import { shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { checkPerChannel } from './operands.js';

export const InstanceNormalization: OpDefinition = {
  opType: 'InstanceNormalization',
  sinceSignature: 6,
  parameters: [1, 2],
  attributes: { epsilon: 'float' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    if (shape.length < 3) throw new RangeError(`x ${shapeText(shape)} has no spatial axis`);
    checkPerChannel(inputs, ['scale', 'bias']);
    return [{ dtype, shape }];
  },
};

/**
 * ONNX InstanceNormalization: scale (x - mean) / sqrt(variance + epsilon) + bias, mean and variance over the places of each
 * channel of each image. x [N, C, ...space], scale and bias [C] -> x's shape.
 */
export function instanceNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return apply(InstanceNormalization, [x, scale, bias], { epsilon: float(epsilon) });
}
