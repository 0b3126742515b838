import { floatOf, intOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import * as ops from '../../ops/cast.js';
import { greater, where } from '../../ops/comparison.js';
import { add, div, mul, sub } from '../../ops/elementwise.js';
import { axisOf } from '../../ops/operands.js';
import { reduceSum } from '../../ops/reduce.js';
import { exp as expOf, neg as minus, sigmoid as sigmoidOf } from '../../ops/unary.js';
import { type Applied, type GradientRule, inputOf, perInput, refused } from '../rule.js';

/** A rule of one input. */
const unary =
  (gradient: (dy: Value, x: Value, applied: Applied) => Value): GradientRule =>
  (applied, dy) =>
    perInput(applied, () => gradient(dy, inputOf(applied, 0), applied));

/** Nothing at 0, as in PyTorch. */
export const relu = unary((dy, _, { y }) => where(greater(y, 0), dy, 0));

/** The slope at 0, as in PyTorch. */
export const leakyRelu = unary((dy, x, { attributes }) =>
  where(greater(x, 0), dy, mul(dy, floatOf(attributes, 'alpha', 0.01))),
);

/** alpha exp(x) = y + alpha up to 0. */
export const elu = unary((dy, x, { y, attributes }) =>
  where(greater(x, 0), dy, mul(dy, add(y, floatOf(attributes, 'alpha', 1)))),
);

/** The slope between the two kinks, nothing at them, as in torch.nn.Hardsigmoid. */
export const hardSigmoid = unary((dy, _, { y, attributes }) => {
  const inside = where(greater(y, 0), mul(dy, floatOf(attributes, 'alpha', 0.2)), 0);
  return where(greater(1, y), inside, 0);
});

/** 0 up to -3, 1 from 3 on, x / 3 + 1/2 between: at the kinks as in PyTorch from 2.8 on, and as the product with HardSigmoid. */
export const hardSwish = unary((dy, x) => {
  const between = where(greater(x, -3), mul(dy, add(mul(x, 1 / 3), 0.5)), 0);
  return where(greater(3, x), between, dy);
});

/** Nothing at the limits, as in torch.nn.ReLU6 and Hardtanh. */
export const clip: GradientRule = (applied, dy) => {
  const { y, inputs } = applied;
  const [, low, high] = inputs;
  const gradient = () => {
    const above = low === undefined ? dy : where(greater(y, low), dy, 0);
    return high === undefined ? above : where(greater(high, y), above, 0);
  };
  return perInput(applied, gradient, refused(applied, 1), refused(applied, 2));
};

export const sigmoid = unary((dy, _, { y }) => mul(dy, mul(y, sub(1, y))));
export const tanh = unary((dy, _, { y }) => mul(dy, sub(1, mul(y, y))));
export const erf = unary((dy, x) => mul(dy, mul(expOf(minus(mul(x, x))), 2 / Math.sqrt(Math.PI))));
export const exp = unary((dy, _, { y }) => mul(dy, y));
export const log = unary((dy, x) => div(dy, x));
export const softplus = unary((dy, x) => mul(dy, sigmoidOf(x)));
/** Nothing at 0, as in PyTorch. */
export const abs = unary((dy, x) => where(greater(x, 0), dy, where(greater(0, x), minus(dy), 0)));
export const reciprocal = unary((dy, _, { y }) => minus(mul(dy, mul(y, y))));
export const sqrt = unary((dy, _, { y }) => div(mul(dy, 0.5), y));
export const neg = unary((dy) => minus(dy));
export const identity = unary((dy) => dy);
export const cast = unary((dy, x) => ops.cast(dy, x.dtype));

/** y (dy - sum of dy y along the axis). */
export const softmax = unary((dy, x, { y, attributes }) => {
  const axis = axisOf(intOf(attributes, 'axis', -1), x.shape.length);
  return mul(y, sub(dy, reduceSum(mul(dy, y), [axis])));
});

/** dy - softmax(x) times the sum of dy along the axis. */
export const logSoftmax = unary((dy, x, { y, attributes }) => {
  const axis = axisOf(intOf(attributes, 'axis', -1), x.shape.length);
  return sub(dy, mul(expOf(y), reduceSum(dy, [axis])));
});
