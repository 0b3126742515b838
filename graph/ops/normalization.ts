import { float, int, intOf } from '../ir/attribute.js';
import { mayEqual, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { axisOf, checkPerChannel } from './operands.js';
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

export const InstanceNormalization = unary(
  'InstanceNormalization',
  { sinceSignature: 6, parameters: [1, 2], attributes: { epsilon: 'float' } },
  (inputs) => {
    const { shape } = required(inputs, 0, 'x');
    if (shape.length < 3) throw new RangeError(`x ${shapeText(shape)} has no spatial axis`);
    checkPerChannel(inputs, ['scale', 'bias']);
  },
);

export const LayerNormalization: OpDefinition = {
  opType: 'LayerNormalization',
  since: 17,
  parameters: [1, 2],
  attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const first = axisOf(intOf(attributes, 'axis', -1), shape.length);
    const normalized = shape.slice(first);
    for (const [index, name] of ['scale', 'bias'].entries()) {
      const operand = inputs[index + 1];
      if (operand !== undefined && !mayEqual(operand.shape, normalized)) {
        throw new RangeError(`${name} is ${shapeText(operand.shape)}, expected ${shapeText(normalized)}`);
      }
    }
    // Mean and inverse deviation, where they are asked for.
    const statistics = {
      dtype: 'float32',
      shape: [...shape.slice(0, first), ...normalized.map(() => 1)],
    } as const;
    return [{ dtype, shape }, statistics, statistics];
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

/**
 * ONNX InstanceNormalization: scale (x - mean) / sqrt(variance + epsilon) + bias, mean and variance over the places of each
 * channel of each image. x [N, C, ...space], scale and bias [C] -> x's shape.
 */
export function instanceNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return apply(InstanceNormalization, [x, scale, bias], { epsilon: float(epsilon) });
}

/**
 * ONNX LayerNormalization over the last axis: scale (x - mean) / sqrt(variance + epsilon) + bias.
 * x [..., C], scale and bias [C] -> x's shape.
 */
export function layerNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return apply(LayerNormalization, [x, scale, bias], { axis: int(-1), epsilon: float(epsilon) });
}
