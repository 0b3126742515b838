import { intOf, intsOf, stringOf } from '../attribute.js';
import { addDims, differentDims, dimText, multiplyDims } from '../dim.js';
import { apply, type OpDefinition } from '../op.js';
import type { Value } from '../value.js';
import { type ConvAttributes, checkBias, convOperands, product, windowAttributes } from './conv.js';
import { windowOf } from './window.js';

export const ConvTranspose: OpDefinition = {
  opType: 'ConvTranspose',
  since: 1,
  parameters: [1, 2],
  infer(inputs, attributes) {
    const operands = convOperands(inputs);
    if (operands === undefined) return [];
    const { dtype, batch, channels, space, kernel } = operands;
    const [channelsIn, perGroup] = operands.weightChannels;
    if (differentDims(channels, channelsIn)) {
      throw new RangeError(`x has ${dimText(channels)} channels, weight takes ${channelsIn}`);
    }
    if (attributes.has('output_shape') || stringOf(attributes, 'auto_pad', 'NOTSET') !== 'NOTSET') return [];
    const out = perGroup * intOf(attributes, 'group', 1);
    checkBias(inputs[2], out);
    const { strides, dilations, pads } = windowOf(space, kernel, attributes);
    const extra = intsOf(attributes, 'output_padding', Array(space.length).fill(0));
    const sizes = space.map((size, axis) => {
      const extent = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
      const padding = (pads[axis] ?? 0) + (pads[axis + space.length] ?? 0);
      const reach = multiplyDims(addDims(size, -1), strides[axis] ?? 1);
      return addDims(reach, extent - padding + (extra[axis] ?? 0));
    });
    return [{ dtype, shape: [batch, out, ...sizes] }];
  },
  macs: ([x, weight]) => product(x?.shape ?? [], weight?.shape.slice(1)),
};

/** ONNX ConvTranspose. x [N, C, ...space], weight [C, M / group, ...kernel], bias [M] -> [N, M, ...out]. */
export function convTranspose(x: Value, weight: Value, bias?: Value, attributes: ConvAttributes = {}): Value {
  return apply(ConvTranspose, [x, weight, bias], windowAttributes(weight, attributes));
}
