import { int, intOf, ints } from '../attribute.js';
import { differentDims, dimText, shapeText } from '../dim.js';
import { apply, type OpDefinition, required } from '../op.js';
import { elementCount } from '../tensor.js';
import type { Value, ValueType } from '../value.js';
import { slide, type WindowAttributes } from './window.js';

export interface ConvAttributes extends WindowAttributes {
  readonly group?: number;
}

/** The shape of a weight, which must be known. */
export function weightShape(weight: ValueType): readonly number[] {
  const shape = weight.shape.filter((dim) => typeof dim === 'number');
  if (shape.length !== weight.shape.length) {
    throw new RangeError(`weight has an open size: ${shapeText(weight.shape)}`);
  }
  return shape;
}

/** Checks that `bias`, where there is one, holds one number an output channel. */
export function checkBias(bias: ValueType | undefined, channels: number): void {
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== channels)) {
    throw new RangeError(`bias is ${shapeText(bias.shape)}, expected [${channels}]`);
  }
}

export const Conv: OpDefinition = {
  opType: 'Conv',
  since: 1,
  parameters: [1, 2],
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const weight = required(inputs, 1, 'weight');
    const [out, perGroup, ...kernel] = weightShape(weight);
    const [batch, channels, ...space] = x.shape;
    if (
      batch === undefined ||
      channels === undefined ||
      out === undefined ||
      perGroup === undefined ||
      kernel.length !== space.length
    ) {
      throw new RangeError(`x ${shapeText(x.shape)} and weight ${shapeText(weight.shape)} differ in rank`);
    }
    const group = intOf(attributes, 'group', 1);
    if (differentDims(channels, perGroup * group)) {
      throw new RangeError(`x has ${dimText(channels)} channels, weight takes ${perGroup * group}`);
    }
    if (out % group !== 0) throw new RangeError(`${out} output channels do not divide into ${group} groups`);
    checkBias(inputs[2], out);
    return [{ dtype: x.dtype, shape: [batch, out, ...slide(space, kernel, attributes)] }];
  },
  macs(inputs, output) {
    const weight = inputs[1];
    return weight === undefined ? undefined : product(output.shape, weightShape(weight).slice(1));
  },
};

/** Multiply-adds of a convolution: one for each output (or input, if transposed) and each weight it meets. */
export function product(shape: ValueType['shape'], kernel: readonly number[]): number | undefined {
  const sizes = shape.filter((dim) => typeof dim === 'number');
  return sizes.length === shape.length ? elementCount(sizes) * elementCount(kernel) : undefined;
}

export function windowAttributes(weight: Value, { strides, pads, dilations, group }: ConvAttributes) {
  const rank = weight.shape.length - 2;
  return {
    kernel_shape: ints(weight.shape.slice(2).filter((dim) => typeof dim === 'number')),
    pads: ints(pads ?? Array(2 * rank).fill(0)),
    strides: ints(strides ?? Array(rank).fill(1)),
    ...(dilations === undefined ? {} : { dilations: ints(dilations) }),
    ...(group === undefined ? {} : { group: int(group) }),
  };
}

/** ONNX Conv. x [N, C, ...space], weight [M, C / group, ...kernel], bias [M] -> [N, M, ...out]. */
export function conv(x: Value, weight: Value, bias?: Value, attributes: ConvAttributes = {}): Value {
  return apply(Conv, [x, weight, bias], windowAttributes(weight, attributes));
}
