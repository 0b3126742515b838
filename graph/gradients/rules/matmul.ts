import { floatOf, intOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { mul } from '../../ops/elementwise.js';
import { matMul } from '../../ops/matmul.js';
import { reshape } from '../../ops/reshape.js';
import { transpose } from '../../ops/transpose.js';
import { inputOf, perInput, type Rules, sizesOf, unbroadcast } from '../rule.js';

/** The matrices of a value turned. */
function turned(value: Value): Value {
  const axes = [...value.shape.keys()];
  return transpose(value, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

export const PRODUCTS: Rules = {
  /** y = a b: dy b^T and a^T dy. A vector is a row on the left and a column on the right. */
  MatMul(applied, dy) {
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
      () => back(matMul(dProduct, turned(column)), row, a),
      () => back(matMul(turned(row), dProduct), column, b),
    );
  },
  /** y = alpha a' b' + beta c, where a' and b' may be transposed. */
  Gemm(applied, dy) {
    const [a, b, c] = [inputOf(applied, 0), inputOf(applied, 1), applied.inputs[2]];
    const isTurned = (name: string) => intOf(applied.attributes, name, 0) !== 0;
    const scaled = (value: Value, name: string) => {
      const factor = floatOf(applied.attributes, name, 1);
      return factor === 1 ? value : mul(value, factor);
    };
    const [left, right] = [isTurned('transA') ? turned(a) : a, isTurned('transB') ? turned(b) : b];
    const [dLeft, dRight] = [() => matMul(dy, turned(right)), () => matMul(turned(left), dy)];
    return perInput(
      applied,
      () => scaled(isTurned('transA') ? turned(dLeft()) : dLeft(), 'alpha'),
      () => scaled(isTurned('transB') ? turned(dRight()) : dRight(), 'alpha'),
      c && (() => scaled(unbroadcast(dy, c), 'beta')),
    );
  },
};
