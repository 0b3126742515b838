import { float } from '../ir/attribute.js';
import { differentDims, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';

export const InstanceNormalization: OpDefinition = {
  opType: 'InstanceNormalization',
  since: 1,
  form: 6,
  parameters: [1, 2],
  attributes: { epsilon: 'float' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    if (shape.length < 3) throw new RangeError(`x ${shapeText(shape)} has no spatial axis`);
    for (const [at, name] of ['scale', 'bias'].entries()) {
      const found = required(inputs, at + 1, name).shape;
      const [size, channels] = [found[0], shape[1]];
      if (
        found.length !== 1 ||
        size === undefined ||
        channels === undefined ||
        differentDims(size, channels)
      ) {
        throw new RangeError(`${name} is ${shapeText(found)}, x is ${shapeText(shape)}`);
      }
    }
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
