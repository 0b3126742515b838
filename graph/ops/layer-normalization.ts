import { float, int, intOf } from '../ir/attribute.js';
import { mayEqual, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { axisOf } from './operands.js';

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
 * ONNX LayerNormalization over the last axis: scale (x - mean) / sqrt(variance + epsilon) + bias.
 * x [..., C], scale and bias [C] -> x's shape.
 */
export function layerNormalization(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  return apply(LayerNormalization, [x, scale, bias], { axis: int(-1), epsilon: float(epsilon) });
}
