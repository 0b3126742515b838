import type { Value } from '../../ir/value.js';
import { cast } from '../../ops/cast.js';
import { equal, greater, where } from '../../ops/comparison.js';
import { sub as difference, div, mul, pow } from '../../ops/elementwise.js';
import { log, neg } from '../../ops/unary.js';
import { type GradientRule, inputOf, perInput } from '../rule.js';
import { unbroadcast } from '../unbroadcast.js';
import { gelu } from './gelu.js';

export const add: GradientRule = (applied, dy) => {
  const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
  return perInput(
    applied,
    () => unbroadcast(dy, a),
    () => unbroadcast(dy, b),
  );
};

export const sub: GradientRule = (applied, dy) => {
  const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
  return perInput(
    applied,
    () => unbroadcast(dy, a),
    () => neg(unbroadcast(dy, b)),
  );
};

export const product: GradientRule = (applied, dy) => {
  const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
  return (
    gelu(applied, dy) ??
    perInput(
      applied,
      () => unbroadcast(mul(dy, b), a),
      () => unbroadcast(mul(dy, a), b),
    )
  );
};

/** y = a / b: dy / b and -dy y / b. */
export const quotient: GradientRule = (applied, dy) => {
  const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
  return perInput(
    applied,
    () => unbroadcast(div(dy, b), a),
    () => neg(unbroadcast(div(mul(dy, applied.y), b), b)),
  );
};

/** Each operand of a sum of any number takes dy. */
export const sum: GradientRule = (applied, dy) =>
  perInput(applied, ...applied.inputs.map((operand) => operand && (() => unbroadcast(dy, operand))));

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
export const maximum = extremum((a, b) => greater(a, b));
export const minimum = extremum((a, b) => greater(b, a));

/** y = x^e: dy e x^(e - 1). */
export const power: GradientRule = (applied, dy) => {
  const [x, exponent] = [inputOf(applied, 0), inputOf(applied, 1)];
  return perInput(
    applied,
    () => unbroadcast(mul(dy, mul(exponent, pow(x, difference(exponent, 1)))), x),
    () => unbroadcast(mul(dy, mul(applied.y, log(x))), exponent),
  );
};

/** The chosen one takes dy. */
export const choice: GradientRule = (applied, dy) => {
  const [condition, a, b] = [inputOf(applied, 0), inputOf(applied, 1), inputOf(applied, 2)];
  return perInput(
    applied,
    undefined,
    () => unbroadcast(where(condition, dy, 0), a),
    () => unbroadcast(where(condition, 0, dy), b),
  );
};

/** The slope at 0, as in PyTorch. */
export const parametricRelu: GradientRule = (applied, dy) => {
  const [x, slope] = [inputOf(applied, 0), inputOf(applied, 1)];
  return perInput(
    applied,
    () => where(greater(x, 0), dy, mul(dy, slope)),
    () => unbroadcast(where(greater(x, 0), 0, mul(dy, x)), slope),
  );
};
