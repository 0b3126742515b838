import { describe, expect, it } from '@jest/globals';
import { adamsBashforthMoulton } from '../../../exporters/decoders/abm.js';
import { explicitEuler } from '../../../exporters/decoders/euler.js';
import { heun } from '../../../exporters/decoders/heun.js';
import { multistep } from '../../../exporters/decoders/multistep.js';
import { at } from '../../../graph/common/at.js';
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
  // The first or the last step is of a lower order: its local error is the whole method's.
  it.each([
    ['Euler', explicitEuler, {}, 1],
    ['Heun', heun, {}, 2],
    ['the two-step method of the paper', multistep, { form: 'paper' }, 2],
    ['the Adams methods of the paper', adamsBashforthMoulton, { form: 'paper' }, 3],
  ] as const)('%s', async (_, solver, options, order) => {
    const errorIn = async (steps: number) =>
      Math.abs((await solve(solver, constant(steps), options)) - exact(X));
    const [coarse, fine] = [await errorIn(10), await errorIn(20)];
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.25);
  });
});

it.each([
  ['two-step method', multistep, 0.1],
  ['Adams methods', adamsBashforthMoulton, 0.02],
])("the release's form of the %s solves another equation", async (_, solver, least) => {
  const of = (form: string) => solve(solver, constant(20), { form });
  expect(Math.abs((await of('release')) - exact(X))).toBeGreaterThan(least);
  expect(Math.abs((await of('paper')) - exact(X))).toBeLessThan(least / 10);
});

describe('the forms of the Adams methods', () => {
  const drives = [0.9, -0.4, 0.7, 0.2, -0.8, 0.5, 1.1];
  const of = (form: string, steps: number) => solve(adamsBashforthMoulton, drives.slice(0, steps), { form });

  it.each([1, 2, 3, 4])('are one in %d steps', async (steps) => {
    expect(await of('release', steps)).toBe(await of('paper', steps));
  });

  it.each([5, 6, 7])('differ in %d steps, of which the release takes what its indices say', async (steps) => {
    const found = await of('release', steps);
    expect(found).toBeCloseTo(releaseInDouble(drives.slice(0, steps)), 6);
    expect(Math.abs(found - (await of('paper', steps)))).toBeGreaterThan(1e-3);
  });
});

/** FuseUNet's own table of steps, from five on. */
function releaseInDouble(drives: readonly number[]): number {
  const h = 1 / drives.length;
  const slopes: number[] = [];
  const slope = (step: number, y: number) => -y + Math.tanh(y + at(drives, step - 1));
  const f = (step: number) => at(slopes, step - 1);
  const predicted = (y: number, c: number, b: number, a: number) =>
    y + (h / 24) * (55 * at(slopes, slopes.length - 1) - 59 * c + 37 * b - 9 * a);
  const begin = (step: number, y: number) => slopes.push(slope(step, y));
  begin(1, 0);
  let p = h * f(1);
  let y = (h / 2) * (f(1) + slope(2, p));
  begin(2, y);
  p = y + (h / 2) * (3 * f(2) - f(1));
  y += (h / 12) * (5 * slope(3, p) + 8 * f(2) - f(1));
  begin(3, y);
  p = y + (h / 12) * (23 * f(3) - 16 * f(2) + 5 * f(1));
  y += (h / 24) * (9 * slope(4, p) + 19 * f(3) - 5 * f(2) + f(1));
  for (let step = 4; step < drives.length; step++) {
    begin(step, y);
    p = predicted(y, f(2), f(3), step === 4 ? f(1) : f(4));
    y += (h / 24) * (9 * slope(step + 1, p) + 19 * f(step) - 5 * f(2) + f(3));
  }
  begin(drives.length, y);
  return predicted(y, f(3), f(2), f(1));
}
