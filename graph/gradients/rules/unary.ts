import { floatOf, intOf } from '../../ir/attribute.js';
import { cast } from '../../ops/cast.js';
import { greater, where } from '../../ops/comparison.js';
import { add, div, mul, sub } from '../../ops/elementwise.js';
import { axisOf } from '../../ops/operands.js';
import { reduceSum } from '../../ops/reduce.js';
import { exp, neg, sigmoid } from '../../ops/unary.js';
import { perInput, type Rules, refused, unary } from '../rule.js';

export const UNARY: Rules = {
  /** Nothing at 0, as in PyTorch. */
  Relu: unary((dy, _, { y }) => where(greater(y, 0), dy, 0)),
  /** The slope at 0, as in PyTorch. */
  LeakyRelu: unary((dy, x, { attributes }) =>
    where(greater(x, 0), dy, mul(dy, floatOf(attributes, 'alpha', 0.01))),
  ),
  /** alpha exp(x) = y + alpha up to 0. */
  Elu: unary((dy, x, { y, attributes }) =>
    where(greater(x, 0), dy, mul(dy, add(y, floatOf(attributes, 'alpha', 1)))),
  ),
  /** The slope between the two kinks, nothing at them, as in torch.nn.Hardsigmoid. */
  HardSigmoid: unary((dy, _, { y, attributes }) => {
    const inside = where(greater(y, 0), mul(dy, floatOf(attributes, 'alpha', 0.2)), 0);
    return where(greater(1, y), inside, 0);
  }),
  /** 0 up to -3, 1 from 3 on, x / 3 + 1/2 between: at the kinks as in PyTorch from 2.8 on, and as the product with HardSigmoid. */
  HardSwish: unary((dy, x) => {
    const between = where(greater(x, -3), mul(dy, add(mul(x, 1 / 3), 0.5)), 0);
    return where(greater(3, x), between, dy);
  }),
  /** Nothing at the limits, as in torch.nn.ReLU6 and Hardtanh. */
  Clip(applied, dy) {
    const { y, inputs } = applied;
    const [, low, high] = inputs;
    const gradient = () => {
      const above = low === undefined ? dy : where(greater(y, low), dy, 0);
      return high === undefined ? above : where(greater(high, y), above, 0);
    };
    return perInput(applied, gradient, refused(applied, 1), refused(applied, 2));
  },
  Sigmoid: unary((dy, _, { y }) => mul(dy, mul(y, sub(1, y)))),
  Tanh: unary((dy, _, { y }) => mul(dy, sub(1, mul(y, y)))),
  Erf: unary((dy, x) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  Exp: unary((dy, _, { y }) => mul(dy, y)),
  Log: unary((dy, x) => div(dy, x)),
  Softplus: unary((dy, x) => mul(dy, sigmoid(x))),
  /** Nothing at 0, as in PyTorch. */
  Abs: unary((dy, x) => where(greater(x, 0), dy, where(greater(0, x), neg(dy), 0))),
  Reciprocal: unary((dy, _, { y }) => neg(mul(dy, mul(y, y)))),
  Sqrt: unary((dy, _, { y }) => div(mul(dy, 0.5), y)),
  Neg: unary((dy) => neg(dy)),
  Identity: unary((dy) => dy),
  Cast: unary((dy, x) => cast(dy, x.dtype)),
  /** y (dy - sum of dy y along the axis). */
  Softmax: unary((dy, x, { y, attributes }) => {
    const axis = axisOf(intOf(attributes, 'axis', -1), x.shape.length);
    return mul(y, sub(dy, reduceSum(mul(dy, y), [axis])));
  }),
  /** dy - softmax(x) times the sum of dy along the axis. */
  LogSoftmax: unary((dy, x, { y, attributes }) => {
    const axis = axisOf(intOf(attributes, 'axis', -1), x.shape.length);
    return sub(dy, mul(exp(y), reduceSum(dy, [axis])));
  }),
};
