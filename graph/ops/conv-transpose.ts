import { intOf, intsOf, stringOf } from '../attribute.js';
import { addDims, differentDims, dimText, multiplyDims, shapeText } from '../dim.js';
import { apply, type OpDefinition, required } from '../op.js';
import type { Value } from '../value.js';
import { type ConvAttributes, checkBias, product, weightShape, windowAttributes } from './conv.js';

export const ConvTranspose: OpDefinition = {
  opType: 'ConvTranspose',
  since: 1,
  parameters: [1, 2],
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const weight = required(inputs, 1, 'weight');
    const [channelsIn, perGroup, ...kernel] = weightShape(weight);
    const [batch, channels, ...space] = x.shape;
    if (
      batch === undefined ||
      channels === undefined ||
      channelsIn === undefined ||
      perGroup === undefined ||
      kernel.length !== space.length
    ) {
      throw new RangeError(`x ${shapeText(x.shape)} and weight ${shapeText(weight.shape)} differ in rank`);
    }
    if (differentDims(channels, channelsIn)) {
      throw new RangeError(`x has ${dimText(channels)} channels, weight takes ${channelsIn}`);
    }
    if (attributes.has('output_shape') || stringOf(attributes, 'auto_pad', 'NOTSET') !== 'NOTSET') return [];
    const out = perGroup * intOf(attributes, 'group', 1);
    checkBias(inputs[2], out);
    const rank = space.length;
    const strides = intsOf(attributes, 'strides', Array(rank).fill(1));
    const dilations = intsOf(attributes, 'dilations', Array(rank).fill(1));
    const pads = intsOf(attributes, 'pads', Array(2 * rank).fill(0));
    const extra = intsOf(attributes, 'output_padding', Array(rank).fill(0));
    const sizes = space.map((size, axis) => {
      const extent = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
      const padding = (pads[axis] ?? 0) + (pads[axis + rank] ?? 0);
      const reach = multiplyDims(addDims(size, -1), strides[axis] ?? 1);
      return addDims(reach, extent - padding + (extra[axis] ?? 0));
    });
    return [{ dtype: x.dtype, shape: [batch, out, ...sizes] }];
  },
  macs(inputs) {
    const [x, weight] = inputs;
    return x === undefined || weight === undefined
      ? undefined
      : product(x.shape, weightShape(weight).slice(1));
  },
};

/** ONNX ConvTranspose. x [N, C, ...space], weight [C, M / group, ...kernel], bias [M] -> [N, M, ...out]. */
export function convTranspose(x: Value, weight: Value, bias?: Value, attributes: ConvAttributes = {}): Value {
  return apply(ConvTranspose, [x, weight, bias], windowAttributes(weight, attributes));
}
