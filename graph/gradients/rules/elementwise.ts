import { cast } from '../../ops/cast.js';
import { equal, greater, where } from '../../ops/comparison.js';
import { div, mul } from '../../ops/elementwise.js';
import { neg } from '../../ops/unary.js';
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

/** Of equals each takes half, as in torch.maximum. */
export const maximum: GradientRule = (applied, dy) => {
  const [a, b] = [inputOf(applied, 0), inputOf(applied, 1)];
  const half = mul(cast(equal(a, b), 'float32'), 0.5);
  const share = (larger: typeof a, smaller: typeof a) => where(greater(larger, smaller), 1, half);
  return perInput(
    applied,
    () => unbroadcast(mul(dy, share(a, b)), a),
    () => unbroadcast(mul(dy, share(b, a)), b),
  );
};
