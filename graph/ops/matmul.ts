import { intOf } from '../attribute.js';
import { differentDims, shapeText } from '../dim.js';
import { type OpDefinition, required } from '../op.js';
import { product } from './conv.js';

export const MatMul: OpDefinition = {
  opType: 'MatMul',
  since: 1,
  parameters: [1],
  infer(inputs) {
    const a = required(inputs, 0, 'a');
    const b = required(inputs, 1, 'b');
    const [depth, height, width] = [a.shape.at(-1), b.shape.at(-2), b.shape.at(-1)];
    if (depth === undefined || height === undefined || width === undefined || differentDims(depth, height)) {
      throw new RangeError(`${shapeText(a.shape)} and ${shapeText(b.shape)} do not multiply`);
    }
    const batch = a.shape.length >= b.shape.length ? a.shape : b.shape;
    return [{ dtype: a.dtype, shape: [...batch.slice(0, -2), ...a.shape.slice(-2, -1), width] }];
  },
  macs(inputs, output) {
    const depth = inputs[0]?.shape.at(-1);
    return typeof depth === 'number' ? product(output.shape, [depth]) : undefined;
  },
};

export const Gemm: OpDefinition = {
  opType: 'Gemm',
  since: 7,
  parameters: [1, 2],
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'a');
    const b = required(inputs, 1, 'b').shape;
    const [row, depth] = intOf(attributes, 'transA', 0) === 1 ? [shape[1], shape[0]] : [shape[0], shape[1]];
    const [height, width] = intOf(attributes, 'transB', 0) === 1 ? [b[1], b[0]] : [b[0], b[1]];
    if (
      row === undefined ||
      depth === undefined ||
      height === undefined ||
      width === undefined ||
      differentDims(depth, height)
    ) {
      throw new RangeError(`${shapeText(shape)} and ${shapeText(b)} do not multiply`);
    }
    return [{ dtype, shape: [row, width] }];
  },
  macs(inputs, output, attributes) {
    const depth = inputs[0]?.shape[intOf(attributes, 'transA', 0) === 1 ? 0 : 1];
    return typeof depth === 'number' ? product(output.shape, [depth]) : undefined;
  },
};
