import { at } from '../common/at.js';
import { ints, intsOf, stringOf } from '../ir/attribute.js';
import { addDims, differentDims, dimText, multiplyDims } from '../ir/dim.js';
import { apply, type OpDefinition } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { type ConvAttributes, checkBias, convOperands, product, windowAttributes } from './conv.js';
import { checkLeast, WINDOW_TYPES, windowsOf } from './window.js';

export const ConvTranspose: OpDefinition = {
  opType: 'ConvTranspose',
  parameters: [1, 2],
  attributes: { ...WINDOW_TYPES, group: 'int', output_padding: 'ints', output_shape: 'ints' },
  infer(inputs, attributes) {
    const operands = convOperands(inputs, attributes);
    if (operands === undefined) return [];
    const { dtype, batch, channels, space, kernel, group } = operands;
    const [channelsIn, perGroup] = operands.weightChannels;
    if (differentDims(channels, channelsIn)) {
      throw new RangeError(`x has ${dimText(channels)} channels, weight takes ${channelsIn}`);
    }
    if (channelsIn % group !== 0) {
      throw new RangeError(`${channelsIn} input channels do not divide into ${group} groups`);
    }
    const out = perGroup * group;
    checkBias(inputs[2], out);
    const windows = windowsOf(space, kernel, attributes);
    const extra = intsOf(attributes, 'output_padding', Array(space.length).fill(0));
    checkLeast('output_padding', extra, 0);
    if (extra.length !== space.length) {
      throw new RangeError(`output_padding [${extra}] does not fit ${space.length} spatial axes`);
    }
    // Padding then is what such a size takes.
    const stated = attributes.has('output_shape') ? intsOf(attributes, 'output_shape', []) : undefined;
    if (stated !== undefined && stated.length !== space.length) {
      throw new RangeError(`output_shape [${stated}] does not fit ${space.length} spatial axes`);
    }
    if (stated !== undefined) return [{ dtype, shape: [batch, out, ...stated] }];
    if (stringOf(attributes, 'auto_pad', 'NOTSET').startsWith('SAME')) {
      return [
        { dtype, shape: [batch, out, ...windows.map(({ size, stride }) => multiplyDims(size, stride))] },
      ];
    }
    const sizes = windows.map(({ size, stride, extent, before, after }, axis) => {
      const reach = multiplyDims(addDims(size, -1), stride);
      return addDims(reach, extent - (before + after) + at(extra, axis));
    });
    return [{ dtype, shape: [batch, out, ...sizes] }];
  },
  macs: ([x, weight]) => product(x?.shape ?? [], weight?.shape.slice(1)),
};

export interface ConvTransposeAttributes extends ConvAttributes {
  /** Rows that are added at the end of each axis of space. */
  readonly outputPadding?: readonly number[];
}

/** ONNX ConvTranspose. x [N, C, ...space], weight [C, M / group, ...kernel], bias [M] -> [N, M, ...out]. */
export function convTranspose(
  x: Value,
  weight: Value,
  bias?: Value,
  attributes: ConvTransposeAttributes = {},
): Value {
  const { outputPadding } = attributes;
  return apply(ConvTranspose, [x, weight, bias], {
    ...windowAttributes(weight, attributes),
    ...(outputPadding && { output_padding: ints(outputPadding) }),
  });
}
