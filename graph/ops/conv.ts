import { type Attributes, int, intOf, ints, intsOf } from '../ir/attribute.js';
import { type Dim, differentDims, dimText, mayEqual, numbers, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, type Operands, required } from '../ir/op.js';
import { elementCount } from '../ir/tensor.js';
import type { Value, ValueType } from '../ir/value.js';
import { checkLeast, slide, WINDOW_TYPES, type WindowAttributes } from './window.js';

export interface ConvAttributes extends WindowAttributes {
  readonly group?: number;
}

/** Checks that `bias`, where there is one, holds one number an output channel. */
export function checkBias(bias: ValueType | undefined, channels: number): void {
  if (bias !== undefined && !mayEqual(bias.shape, [channels])) {
    throw new RangeError(`bias is ${shapeText(bias.shape)}, expected [${channels}]`);
  }
}

/** x [N, C, ...space] and weight [., ., ...kernel] taken apart; undefined where a size of the weight is open. */
export function convOperands(inputs: Operands, attributes: Attributes) {
  const x = required(inputs, 0, 'x');
  const weight = required(inputs, 1, 'weight');
  const known = numbers(weight.shape);
  if (known === undefined) return undefined;
  const [first, second, ...kernel] = known;
  const [batch, channels, ...space] = x.shape;
  if (x.shape.length !== known.length) {
    throw new RangeError(`x ${shapeText(x.shape)} and weight ${shapeText(weight.shape)} differ in rank`);
  }
  if (batch === undefined || channels === undefined || first === undefined || second === undefined) {
    throw new RangeError(`x ${shapeText(x.shape)} has no channels`);
  }
  const stated = intsOf(attributes, 'kernel_shape', kernel);
  if (stated.join() !== kernel.join()) {
    throw new RangeError(`kernel_shape is [${stated}], weight is ${shapeText(weight.shape)}`);
  }
  const group = intOf(attributes, 'group', 1);
  checkLeast('group', [group], 1);
  return { dtype: x.dtype, batch, channels, space, weightChannels: [first, second] as const, kernel, group };
}

export const Conv: OpDefinition = {
  opType: 'Conv',
  parameters: [1, 2],
  attributes: { ...WINDOW_TYPES, group: 'int' },
  infer(inputs, attributes) {
    const operands = convOperands(inputs, attributes);
    if (operands === undefined) return [];
    const { dtype, batch, channels, space, kernel, group } = operands;
    const [out, perGroup] = operands.weightChannels;
    if (differentDims(channels, perGroup * group)) {
      throw new RangeError(`x has ${dimText(channels)} channels, weight takes ${perGroup * group}`);
    }
    if (out % group !== 0) throw new RangeError(`${out} output channels do not divide into ${group} groups`);
    checkBias(inputs[2], out);
    return [{ dtype, shape: [batch, out, ...slide(space, kernel, attributes)] }];
  },
  macs: (inputs, output) => product(output.shape, inputs[1]?.shape.slice(1)),
};

/**
 * The product of sizes; undefined where one is open. Of a convolution, its multiply-adds: one for each output (or input, if transposed)
 * and each weight it meets.
 */
export function product(shape: readonly Dim[], weights: readonly Dim[] = []): number | undefined {
  const sizes = numbers([...shape, ...weights]);
  return sizes && elementCount(sizes);
}

/** The attributes of a convolution as ONNX has them. */
export function windowAttributes(weight: Value, { strides, pads, dilations, group }: ConvAttributes) {
  const rank = weight.shape.length - 2;
  const kernel = numbers(weight.shape.slice(2));
  return {
    ...(kernel && { kernel_shape: ints(kernel) }),
    pads: ints(pads ?? Array(2 * rank).fill(0)),
    strides: ints(strides ?? Array(rank).fill(1)),
    ...(dilations && { dilations: ints(dilations) }),
    ...(group !== undefined && { group: int(group) }),
  };
}

/** ONNX Conv. x [N, C, ...space], weight [M, C / group, ...kernel], bias [M] -> [N, M, ...out]. */
export function conv(x: Value, weight: Value, bias?: Value, attributes: ConvAttributes = {}): Value {
  return apply(Conv, [x, weight, bias], windowAttributes(weight, attributes));
}
