import type { Value } from '../../ir/value.js';
import { cast } from '../../ops/cast.js';
import { equal, greater, where } from '../../ops/comparison.js';
import { div, mul, pow, sub } from '../../ops/elementwise.js';
import { log, neg } from '../../ops/unary.js';
import { type GradientRule, inputOf, perInput, type Rules, unbroadcast } from '../rule.js';
import { gelu } from './gelu.js';

type Gradient = (dy: Value, a: Value, b: Value, y: Value) => Value;

/** A rule of two inputs. */
const binary =
  (ofA: Gradient, ofB: Gradient): GradientRule =>
  (applied, dy) => {
    const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
    return perInput(
      applied,
      () => ofA(dy, a, b, applied.y),
      () => ofB(dy, a, b, applied.y),
    );
  };

const product = binary(
  (dy, a, b) => unbroadcast(mul(dy, b), a),
  (dy, a, b) => unbroadcast(mul(dy, a), b),
);

/** The larger of two takes dy, or the smaller; of equals each takes half, as in torch.maximum. */
const extremum =
  (isFirst: (a: Value, b: Value) => Value): GradientRule =>
  (applied, dy) => {
    const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
    const half = mul(cast(equal(a, b), 'float32'), 0.5);
    return perInput(
      applied,
      () => unbroadcast(mul(dy, where(isFirst(a, b), 1, half)), a),
      () => unbroadcast(mul(dy, where(isFirst(b, a), 1, half)), b),
    );
  };

export const ELEMENTWISE: Rules = {
  Add: binary(
    (dy, a) => unbroadcast(dy, a),
    (dy, _, b) => unbroadcast(dy, b),
  ),
  Sub: binary(
    (dy, a) => unbroadcast(dy, a),
    (dy, _, b) => neg(unbroadcast(dy, b)),
  ),
  Mul: (applied, dy) => gelu(applied, dy) ?? product(applied, dy),
  /** y = a / b: dy / b and -dy y / b. */
  Div: binary(
    (dy, a, b) => unbroadcast(div(dy, b), a),
    (dy, _, b, y) => neg(unbroadcast(div(mul(dy, y), b), b)),
  ),
  /** Each operand of a sum of any number takes dy. */
  Sum: (applied, dy) =>
    perInput(applied, ...applied.inputs.map((operand) => operand && (() => unbroadcast(dy, operand)))),
  Max: extremum((a, b) => greater(a, b)),
  Min: extremum((a, b) => greater(b, a)),
  /** y = x^e: dy e x^(e - 1). */
  Pow: binary(
    (dy, x, exponent) => unbroadcast(mul(dy, mul(exponent, pow(x, sub(exponent, 1)))), x),
    (dy, x, exponent, y) => unbroadcast(mul(dy, mul(y, log(x))), exponent),
  ),
  /** The chosen one takes dy. */
  Where(applied, dy) {
    const [condition, a, b] = [inputOf(applied, 0), inputOf(applied, 1), inputOf(applied, 2)];
    return perInput(
      applied,
      undefined,
      () => unbroadcast(where(condition, dy, 0), a),
      () => unbroadcast(where(condition, 0, dy), b),
    );
  },
  /** The slope at 0, as in PyTorch. */
  PRelu: binary(
    (dy, x, slope) => where(greater(x, 0), dy, mul(dy, slope)),
    (dy, x, slope) => unbroadcast(where(greater(x, 0), 0, mul(dy, x)), slope),
  ),
};
