import { describe, expect, it } from '@jest/globals';
import { explicitEuler } from '../../exporters/decoders/euler.js';
import { heun } from '../../exporters/decoders/heun.js';
import { multistep } from '../../exporters/decoders/multistep.js';
import type { Memory, Scheme } from '../../exporters/decoders/scheme.js';
import { encodeModel } from '../../graph/file/write.js';
import { input } from '../../graph/ir/value.js';
import { tanh } from '../../graph/ops/unary.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import { createSession } from '../../runtime/node/sessions/session.js';

/** y(1) of dy/dt = -y + tanh(y + x), y(0) = 0, with a constant x, by a scheme in `steps` steps. */
async function solve(scheme: Scheme, steps: number, x: number): Promise<number> {
  const feature = input('x', 'float32', [1]);
  let [y, yBefore]: [Memory, Memory] = [undefined, undefined];
  for (let k = 1; k <= steps; k++) {
    const w = scheme.looksAhead && k < steps ? feature : undefined;
    const next = scheme.step({ y, yBefore, u: feature, w, sigma: tanh, delta: 1 / steps });
    [y, yBefore] = [next, y];
  }
  if (y === undefined) throw new Error('no step was taken');
  const model = encodeModel(assemble({ name: 't', inputs: [feature], outputs: { y }, producerVersion: '0' }));
  const session = await createSession(model);
  const { y: result } = await session.run({ x: { dims: [1], data: Float32Array.of(x) } });
  await session.close();
  return result?.data[0] ?? Number.NaN;
}

/** The same by many small steps of the classical Runge-Kutta method, in double. */
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

describe('each scheme converges to the solution of the equation at its order', () => {
  // Heun and the two-step method begin or end with an Euler step, whose local error is of order 2.
  it.each([
    ['Euler', explicitEuler, 1],
    ['Heun', heun, 2],
    ['the two-step method of the paper', multistep('paper'), 2],
  ] as const)('%s', async (_, scheme, order) => {
    const errors: number[] = [];
    for (const steps of [10, 20]) errors.push(Math.abs((await solve(scheme, steps, 0.8)) - exact(0.8)));
    const [coarse = 0, fine = 0] = errors;
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.25);
  });
});

it("the release's form of the two-step method solves another equation", async () => {
  const [release, paper] = [
    await solve(multistep('release'), 20, 0.8),
    await solve(multistep('paper'), 20, 0.8),
  ];
  expect(Math.abs(release - exact(0.8))).toBeGreaterThan(0.1);
  expect(Math.abs(paper - exact(0.8))).toBeLessThan(0.01);
});
