import { float } from '../ir/attribute.js';
import { apply } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { checkPerChannel } from './operands.js';
import { unary } from './unary.js';

export const BatchNormalization = unary(
  'BatchNormalization',
  {
    sinceSignature: 9,
    parameters: [1, 2],
    attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
  },
  (inputs) => checkPerChannel(inputs, ['scale', 'bias', 'mean', 'variance']),
);

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
