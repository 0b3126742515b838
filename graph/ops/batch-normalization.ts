import { float } from '../ir/attribute.js';
import { differentDims, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';

const NAMES = ['scale', 'bias', 'mean', 'variance'];

export const BatchNormalization: OpDefinition = {
  opType: 'BatchNormalization',
  since: 1,
  form: 9,
  parameters: [1, 2],
  attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const channels = x.shape[1] ?? 1;
    NAMES.forEach((name, at) => {
      const { shape } = required(inputs, at + 1, name);
      if (shape.length !== 1 || shape[0] === undefined || differentDims(shape[0], channels)) {
        throw new RangeError(`${name} is ${shapeText(shape)}, x is ${shapeText(x.shape)}`);
      }
    });
    return [{ dtype: x.dtype, shape: x.shape }];
  },
};

/**
 * ONNX BatchNormalization at inference: scale (x - mean) / sqrt(variance + epsilon) + bias, channel by channel.
 * x [N, C, ...space], the others [C] -> x's shape.
 */
export function batchNormalization(
  x: Value,
  scale: Value,
  bias: Value,
  mean: Value,
  variance: Value,
  epsilon: number,
): Value {
  return apply(BatchNormalization, [x, scale, bias, mean, variance], { epsilon: float(epsilon) });
}
