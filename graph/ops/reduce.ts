import { int, intOf } from '../ir/attribute.js';
import { OPEN } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { int64List, type Value } from '../ir/value.js';
import { axisOf, listAt, openType, staticNumbers } from './operands.js';

/** Reductions over some axes, or over all. Axes are an attribute until opset 17 (ReduceSum: 12), and an input from then on. */
function reduction(opType: string): OpDefinition {
  return {
    opType,
    attributes: { axes: 'ints', keepdims: 'int', noop_with_empty_axes: 'int' },
    infer(inputs, attributes) {
      const { dtype, shape } = required(inputs, 0, 'x');
      const stated = staticNumbers(inputs, attributes, 'axes');
      const keepsRank = intOf(attributes, 'keepdims', 1) === 1;
      if (stated === undefined) return openType({ dtype, shape }, keepsRank ? shape.length : undefined);
      if (stated.length === 0 && intOf(attributes, 'noop_with_empty_axes', 0) === 1)
        return [{ dtype, shape }];
      // One that is named twice is reduced once.
      const axes = new Set(stated.map((axis) => axisOf(axis, shape.length)));
      const isReduced = (axis: number) => axes.size === 0 || axes.has(axis);
      const sizes = keepsRank
        ? shape.map((size, axis) => (isReduced(axis) ? 1 : size))
        : shape.filter((_, axis) => !isReduced(axis));
      return [{ dtype, shape: sizes }];
    },
  };
}

export const ReduceMin = reduction('ReduceMin');
export const ReduceMax = reduction('ReduceMax');
export const ReduceMean = reduction('ReduceMean');
export const ReduceSum = reduction('ReduceSum');
export const ReduceProd = reduction('ReduceProd');
export const ReduceL1 = reduction('ReduceL1');
export const ReduceL2 = reduction('ReduceL2');
export const ReduceLogSum = reduction('ReduceLogSum');
export const ReduceLogSumExp = reduction('ReduceLogSumExp');
export const ReduceSumSquare = reduction('ReduceSumSquare');

/** Where along an axis the largest or smallest element stands. */
function argReduction(opType: string): OpDefinition {
  return {
    opType,
    attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
    infer(inputs, attributes) {
      const { shape } = required(inputs, 0, 'x');
      const axis = axisOf(intOf(attributes, 'axis', 0), shape.length);
      const kept = intOf(attributes, 'keepdims', 1) === 1;
      return [{ dtype: 'int64', shape: kept ? shape.with(axis, 1) : shape.toSpliced(axis, 1) }];
    },
  };
}

export const ArgMax = argReduction('ArgMax');
export const ArgMin = argReduction('ArgMin');

/** How many it gives is an attribute until opset 9. */
export const TopK: OpDefinition = {
  opType: 'TopK',
  outputs: 2,
  attributes: { axis: 'int', k: 'int', largest: 'int', sorted: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const axis = axisOf(intOf(attributes, 'axis', -1), shape.length);
    const [count] = attributes.has('k') ? [intOf(attributes, 'k', 0)] : (listAt(inputs, 1, 'k') ?? []);
    const chosen = shape.with(axis, count ?? OPEN);
    return [
      { dtype, shape: chosen },
      { dtype: 'int64', shape: chosen },
    ];
  },
};

/** The smallest element of x, [1, 1, ...] of its rank. */
export const reduceMin = (x: Value): Value => apply(ReduceMin, [x], { keepdims: int(1) });
/** The mean of x, [1, 1, ...] of its rank. */
export const reduceMean = (x: Value): Value => apply(ReduceMean, [x], { keepdims: int(1) });
/** The largest element of x, [1, 1, ...] of its rank. */
export const reduceMax = (x: Value): Value => apply(ReduceMax, [x], { keepdims: int(1) });
/** The sum of x over some axes, which stay as axes of one element unless `keep` is false. */
export const reduceSum = (x: Value, axes: readonly number[], keep = true): Value =>
  apply(ReduceSum, [x, int64List(axes)], { keepdims: int(keep ? 1 : 0) });

/** ONNX TopK: the k smallest elements of x along an axis, in their order. @param k int64 [1] */
export const smallest = (x: Value, k: Value, axis: number): Value =>
  apply(TopK, [x, k], { axis: int(axis), largest: int(0), sorted: int(1) });
