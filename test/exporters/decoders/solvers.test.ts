import { describe, expect, it } from '@jest/globals';
import { explicitEuler } from '../../../exporters/decoders/euler.js';
import { heun } from '../../../exporters/decoders/heun.js';
import { multistep } from '../../../exporters/decoders/multistep.js';
import { solve } from '../../support/solve.js';

const X = 0.8;
const constant = (steps: number): readonly number[] => Array(steps).fill(X);

/** y(1) by many small steps of the classical Runge-Kutta method, in double. */
function exact(x: number): number {
  const f = (y: number) => -y + Math.tanh(y + x);
  const h = 1e-3;
  let y = 0;
  for (let i = 0; i < 1000; i++) {
    const k1 = f(y);
    const k2 = f(y + (h / 2) * k1);
    const k3 = f(y + (h / 2) * k2);
    y += (h / 6) * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3));
  }
  return y;
}

describe('each solver converges to the solution of the equation at its order', () => {
  // Heun and the two-step method begin or end with an Euler step, whose local error is of order 2.
  it.each([
    ['Euler', explicitEuler, {}, 1],
    ['Heun', heun, {}, 2],
    ['the two-step method of the paper', multistep, { form: 'paper' }, 2],
  ] as const)('%s', async (_, solver, options, order) => {
    const errorIn = async (steps: number) =>
      Math.abs((await solve(solver, constant(steps), options)) - exact(X));
    const [coarse, fine] = [await errorIn(10), await errorIn(20)];
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.25);
  });
});

it("the release's form of the two-step method solves another equation", async () => {
  const of = (form: string) => solve(multistep, constant(20), { form });
  expect(Math.abs((await of('release')) - exact(X))).toBeGreaterThan(0.1);
  expect(Math.abs((await of('paper')) - exact(X))).toBeLessThan(0.01);
});
