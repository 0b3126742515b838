import { at } from '../../common/at.js';
import { elementCount, float32Values } from '../../ir/tensor.js';
import type { Operation, Value } from '../../ir/value.js';
import { Add, add, Div, Mul, mul } from '../../ops/elementwise.js';
import { Erf, erf, exp } from '../../ops/unary.js';
import { type Applied, type Contribution, operationOf } from '../rule.js';

/** The other operand of a product, a sum or a quotient by a scalar constant of this value; undefined for any other operation. */
function besideScalar(operation: Operation | undefined, expected: number): Value | undefined {
  const [a, b] = operation?.inputs ?? [];
  const tensor = b?.constant;
  if (tensor?.dtype !== 'float32' || elementCount(tensor.dims) !== 1) return undefined;
  return at(float32Values(tensor), 0) === Math.fround(expected) ? a : undefined;
}

/** The x of x (1 + erf(x / sqrt 2)) / 2, as graph/ops/unary.ts writes it. */
function argumentOf(applied: Applied): Value | undefined {
  const twice = besideScalar({ ...applied, scope: '' }, 0.5);
  const [x, sum] = (twice && operationOf(twice, Mul)?.inputs) ?? [];
  const error = sum && besideScalar(operationOf(sum, Add), 1);
  const [scaled] = (error && operationOf(error, Erf)?.inputs) ?? [];
  const argument = scaled && besideScalar(operationOf(scaled, Div), Math.SQRT2);
  return x !== undefined && argument === x ? x : undefined;
}

/**
 * GELU as one: Phi(x) + x phi(x), the distribution and the density of the standard normal. Undefined for any other product. Nothing that the
 * expression computes on its way is read, so that runtimes may still compute it in one kernel.
 */
export function gelu(applied: Applied, dy: Value): readonly Contribution[] | undefined {
  const x = argumentOf(applied);
  if (x === undefined) return undefined;
  return [
    {
      to: x,
      gradient() {
        // Not by the same quotient as the expression, with which it would share nodes.
        const distribution = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
        const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return mul(dy, add(mul(x, density), distribution));
      },
    },
  ];
}
