import { at } from '../common/at.js';
import { intOf, stringOf } from '../ir/attribute.js';
import { numbers, sameDim } from '../ir/dim.js';
import type { Node } from '../ir/model.js';
import { float32Tensor, float32Values } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { interpolationMatrix } from '../ops/interpolation.js';
import { matMul } from '../ops/matmul.js';
import { inScopeOf, type Rewriting, type Rule } from '../rewriting/rewrite.js';
import { four } from './four.js';

/** The scales of a Resize; undefined where it has sizes instead, or what no runtime takes for scales. */
export function scalesOf(node: Node, graph: Rewriting): Float32Array | undefined {
  const scales = graph.constant(node.inputs[2]);
  return scales?.dtype !== 'float32' || scales.dims[0] === 0 ? undefined : float32Values(scales);
}

/**
 * Whether a node is a Resize whose results are weighted means of what it reads, each within one channel, by constant scales or
 * sizes.
 */
export function isLinearResize(node: Node, graph: Rewriting): boolean {
  if (node.opType !== 'Resize' || node.domain !== '' || graph.opset < 11) return false;
  const coordinates = stringOf(node.attributes, 'coordinate_transformation_mode', 'half_pixel');
  const isMean = ['nearest', 'linear'].includes(stringOf(node.attributes, 'mode', 'nearest'));
  const [before, after] = [graph.value(node.inputs[0]), graph.value(node.outputs[0])];
  // Outside the image tf_crop_and_resize has a value of its own.
  if (!isMean || coordinates === 'tf_crop_and_resize' || before === undefined || after === undefined)
    return false;
  if (before.shape.length < 2 || after.shape.length !== before.shape.length) return false;
  const scales = scalesOf(node, graph);
  return [0, 1].every(
    (axis) =>
      sameDim(at(before.shape, axis), at(after.shape, axis)) && (scales === undefined || scales[axis] === 1),
  );
}

/** The same Resize of another value of the same shape. */
export function resized(node: Node, x: Value, graph: Rewriting): Value {
  return inScopeOf(node, () => graph.reapplied(node, x));
}

/** From more pixels a side, products cost as much as Resize does. */
const MAX_SOURCE = 64;
/** The matrices are stored. */
const MAX_RESULT = 1024;

const HALF_PIXEL = { mode: 'linear', coordinates: 'half_pixel', rounding: 'floor' } as const;

/**
 * Linear Resize of known sizes, half-pixel centres, as two matrix products: rows and columns of the result are weighted means of two
 * neighbours. R_h [H, h] x R_w^T [w, W].
 */
export const resizeProducts: Rule = (node, graph) => {
  if (!isLinearResize(node, graph) || stringOf(node.attributes, 'mode', 'nearest') !== 'linear') return;
  const coordinates = stringOf(node.attributes, 'coordinate_transformation_mode', 'half_pixel');
  if (coordinates !== 'half_pixel' || intOf(node.attributes, 'antialias', 0) !== 0) return;
  const x = graph.value(node.inputs[0]);
  const [from, to] = [x?.shape, graph.value(node.outputs[0])?.shape].map((shape) => shape && numbers(shape));
  if (x?.dtype !== 'float32' || from?.length !== 4 || to === undefined) return;
  const [, , height, width] = four(from);
  const [, , toHeight, toWidth] = four(to);
  if (Math.max(height, width) > MAX_SOURCE || Math.max(toHeight, toWidth) > MAX_RESULT) return;
  // A scale that the sizes do not tell places pixels otherwise.
  const [, , tall, wide] =
    scalesOf(node, graph) ?? [1, 1, toHeight / height, toWidth / width].map(Math.fround);
  if (tall !== Math.fround(toHeight / height) || wide !== Math.fround(toWidth / width)) return;
  const matrix = (rows: number, columns: number, values: Float32Array) =>
    constant(float32Tensor([rows, columns], values));
  const means = (before: number, after: number) =>
    Float32Array.from(interpolationMatrix(before, after, after / before, HALF_PIXEL));
  const columns = matMul(x, matrix(width, toWidth, transposed(means(width, toWidth), toWidth, width)));
  return matMul(matrix(toHeight, height, means(height, toHeight)), columns);
};

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, place) => at(values, (place % rows) * columns + Math.floor(place / rows)));
}
