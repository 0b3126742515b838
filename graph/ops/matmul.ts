import { intOf } from '../ir/attribute.js';
import { type Dim, differentDims, mayEqual, OPEN, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { product } from './conv.js';
import { broadcast } from './elementwise.js';

type Matrix = readonly [rows: Dim | undefined, columns: Dim | undefined];

/** Rows of the left and columns of the right matrix, whose inner sizes must meet; `a` and `b` are for the message. */
function outer(
  [rows, depth]: Matrix,
  [height, columns]: Matrix,
  a: readonly Dim[],
  b: readonly Dim[],
): readonly [Dim, Dim] {
  const complete = rows !== undefined && columns !== undefined;
  if (!complete || depth === undefined || height === undefined || differentDims(depth, height)) {
    throw new RangeError(`${shapeText(a)} and ${shapeText(b)} do not multiply`);
  }
  return [rows, columns];
}

export const MatMul: OpDefinition = {
  opType: 'MatMul',
  parameters: [1],
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'a');
    // As in NumPy, a vector is a row on the left and a column on the right, and that axis is dropped again.
    const a = shape.length === 1 ? [1, ...shape] : shape;
    const right = required(inputs, 1, 'b').shape;
    const b = right.length === 1 ? [...right, 1] : right;
    const [row, width] = outer([a.at(-2), a.at(-1)], [b.at(-2), b.at(-1)], shape, right);
    const batch = broadcast(a.slice(0, -2), b.slice(0, -2));
    const matrix = [...(shape.length === 1 ? [] : [row]), ...(right.length === 1 ? [] : [width])];
    return [{ dtype, shape: [...batch, ...matrix] }];
  },
  macs: ([a], output) => product(output.shape, [a?.shape.at(-1) ?? OPEN]),
};

export const Gemm: OpDefinition = {
  opType: 'Gemm',
  sinceSignature: 7,
  parameters: [1, 2],
  attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'a');
    const b = required(inputs, 1, 'b').shape;
    if (shape.length !== 2 || b.length !== 2) {
      throw new RangeError(`${shapeText(shape)} and ${shapeText(b)} do not multiply`);
    }
    const [left, right] = [intOf(attributes, 'transA', 0) !== 0, intOf(attributes, 'transB', 0) !== 0];
    const matrix = outer(
      left ? [shape[1], shape[0]] : [shape[0], shape[1]],
      right ? [b[1], b[0]] : [b[0], b[1]],
      shape,
      b,
    );
    const c = inputs[2]?.shape ?? [];
    if (!mayEqual(broadcast(matrix, c), matrix)) {
      throw new RangeError(`c ${shapeText(c)} does not stretch to ${shapeText(matrix)}`);
    }
    return [{ dtype, shape: matrix }];
  },
  macs([a], output, attributes) {
    const depth = a?.shape[intOf(attributes, 'transA', 0) !== 0 ? 0 : 1];
    return product(output.shape, [depth ?? OPEN]);
  },
};

/** ONNX MatMul, as NumPy's. */
export const matMul = (a: Value, b: Value): Value => apply(MatMul, [a, b]);
