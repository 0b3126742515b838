import { intOf, intsOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { cast } from '../../ops/cast.js';
import { equal } from '../../ops/comparison.js';
import { div, mul } from '../../ops/elementwise.js';
import { expand } from '../../ops/expand.js';
import { axisOf } from '../../ops/operands.js';
import { reduceSum } from '../../ops/reduce.js';
import { reshape } from '../../ops/reshape.js';
import { type Applied, countAlong, inputOf, listOf, type Rules, sizesOf, unary } from '../rule.js';

/** The axes that a reduction sums up. */
function axesOf(applied: Applied): readonly number[] {
  const { attributes } = applied;
  const rank = inputOf(applied, 0).shape.length;
  const stated = listOf(applied, 1, 'axes', intsOf(attributes, 'axes', []));
  const isNone = stated.length === 0 && intOf(attributes, 'noop_with_empty_axes', 0) === 1;
  const named = stated.length === 0 && !isNone ? [...Array(rank).keys()] : stated;
  return [...new Set(named.map((axis) => axisOf(axis, rank)))];
}

/** A reduced value with its axes of one element, whether they were kept or not. */
function withAxes(value: Value, applied: Applied): Value {
  const x = inputOf(applied, 0);
  if (value.shape.length === x.shape.length) return value;
  const axes = axesOf(applied);
  const sizes = sizesOf(x, applied.opType).map((size, axis) => (axes.includes(axis) ? 1 : size));
  return reshape(value, sizes);
}

/** Equals share it evenly, as in torch.amax and amin. */
const extremum = unary((dy, x, applied) => {
  const chosen = cast(equal(x, withAxes(applied.y, applied)), 'float32');
  return mul(chosen, div(withAxes(dy, applied), reduceSum(chosen, axesOf(applied))));
});

export const REDUCTIONS: Rules = {
  ReduceSum: unary((dy, x, applied) => expand(withAxes(dy, applied), sizesOf(x, applied.opType))),
  ReduceMean: unary((dy, x, applied) => {
    const share = mul(withAxes(dy, applied), 1 / countAlong(x, axesOf(applied), applied.opType));
    return expand(share, sizesOf(x, applied.opType));
  }),
  ReduceMax: extremum,
  ReduceMin: extremum,
};
