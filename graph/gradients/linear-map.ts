import { at } from '../common/at.js';
import { elementCount, float32Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { matMul } from '../ops/matmul.js';
import { reshape } from '../ops/reshape.js';
import { sizesOf } from './rule.js';

/** What an operator does along one axis, as a matrix, row by row [to, from]. */
export interface LinearMap {
  readonly axis: number;
  readonly to: number;
  readonly from: number;
  readonly matrix: Float64Array;
}

/** Row `i` holds a one at place `places[i]`: what picks elements of an axis, or repeats them. */
export function picking(axis: number, from: number, places: readonly number[]): LinearMap {
  const matrix = new Float64Array(places.length * from);
  for (const [row, place] of places.entries()) matrix[row * from + place] = 1;
  return { axis, from, to: places.length, matrix };
}

/** The gradient of linear maps along axes: products with their transposed matrices. dy [..., to, ...] -> [..., from, ...]. */
export function transposedMaps(dy: Value, maps: readonly LinearMap[], opType: string): Value {
  // Those that leave the least come first.
  const inOrder = [...maps].sort((a, b) => a.from / a.to - b.from / b.to);
  return inOrder.reduce((value, map) => transposedMap(value, map, opType), dy);
}

function transposedMap(dy: Value, { axis, to, from, matrix }: LinearMap, opType: string): Value {
  const sizes = sizesOf(dy, opType);
  const behind = sizes.length - 1 - axis;
  if (behind === 0) return matMul(dy, constant(float32Tensor([to, from], Float32Array.from(matrix))));
  const turned = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    for (let column = 0; column < from; column++) turned[column * to + row] = at(matrix, row * from + column);
  }
  const left = constant(float32Tensor([from, to], turned));
  if (behind === 1) return matMul(left, dy);
  const [before, after] = [sizes.slice(0, axis), sizes.slice(axis + 1)];
  const flat = reshape(dy, [elementCount(before), to, elementCount(after)]);
  return reshape(matMul(left, flat), [...before, from, ...after]);
}
