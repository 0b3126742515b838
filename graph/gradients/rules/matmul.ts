import type { Value } from '../../ir/value.js';
import { matMul as product } from '../../ops/matmul.js';
import { reshape } from '../../ops/reshape.js';
import { transpose } from '../../ops/transpose.js';
import { type GradientRule, inputOf, perInput, sizesOf } from '../rule.js';
import { unbroadcast } from '../unbroadcast.js';

/** The matrices of a value turned. */
function turned(value: Value): Value {
  const axes = [...value.shape.keys()];
  return transpose(value, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** y = a b: dy b^T and a^T dy. A vector is a row on the left and a column on the right. */
export const matMul: GradientRule = (applied, dy) => {
  const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
  const sizes = (value: Value) => sizesOf(value, applied.opType);
  const row = a.shape.length === 1 ? reshape(a, [1, ...sizes(a)]) : a;
  const column = b.shape.length === 1 ? reshape(b, [...sizes(b), 1]) : b;
  const isWhole = row === a && column === b;
  const matrices = () => {
    const batch = sizes(dy).slice(0, dy.shape.length - (row === a ? 1 : 0) - (column === b ? 1 : 0));
    return reshape(dy, [...batch, sizes(row).at(-2) ?? 1, sizes(column).at(-1) ?? 1]);
  };
  const dProduct = isWhole ? dy : matrices();
  const back = (gradient: Value, matrix: Value, operand: Value) => {
    const summed = unbroadcast(gradient, matrix);
    return matrix === operand ? summed : reshape(summed, sizes(operand));
  };
  return perInput(
    applied,
    () => back(product(dProduct, turned(column)), row, a),
    () => back(product(turned(row), dProduct), column, b),
  );
};
