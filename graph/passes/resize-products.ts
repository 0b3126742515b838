import { at } from '../common/at.js';
import { intOf, stringOf } from '../ir/attribute.js';
import { numbers } from '../ir/dim.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant } from '../ir/value.js';
import { matMul } from '../ops/matmul.js';
import type { Rule } from '../rewriting/rewrite.js';
import { four } from './four.js';
import { isLinearResize, scalesOf } from './resizes.js';

/** From more pixels a side, products cost as much as Resize does. */
const MAX_SOURCE = 64;
/** The matrices are stored. */
const MAX_RESULT = 1024;

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
  const columns = matMul(x, matrix(width, toWidth, transposed(means(width, toWidth), toWidth, width)));
  return matMul(matrix(toHeight, height, means(height, toHeight)), columns);
};

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, place) => at(values, (place % rows) * columns + Math.floor(place / rows)));
}

/** The weights [to, from] of linear interpolation with half-pixel centres. */
function means(from: number, to: number): Float32Array {
  const weights = new Float32Array(to * from);
  for (let pixel = 0; pixel < to; pixel++) {
    const place = Math.min(Math.max(((pixel + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(place);
    const row = weights.subarray(pixel * from, (pixel + 1) * from);
    row[low] = 1 - (place - low);
    // At the border both neighbours are the same.
    const high = Math.min(low + 1, from - 1);
    row[high] = at(row, high) + place - low;
  }
  return weights;
}
