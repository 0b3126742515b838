import { integrate } from '../../exporters/decoders/integrate.js';
import type { Solver } from '../../exporters/decoders/solver.js';
import type { SolverChoices } from '../../exporters/decoders/solvers.js';
import { encodeModel } from '../../graph/file/write.js';
import { input, type Value } from '../../graph/ir/value.js';
import { mul } from '../../graph/ops/elementwise.js';
import { tanh } from '../../graph/ops/unary.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import { createSession } from '../../runtime/node/sessions/session.js';

/** y(1) of dy/dt = -y + tanh(y + u(t)), y(0) = 0, by a solver, where u is one of `drives` at each step, onnxruntime computing. */
export async function solve(solver: Solver, drives: readonly number[], options: SolverChoices = {}) {
  const scale = input('scale', 'float32', [1]);
  const steps = drives.map((feature) => ({
    ...{ path: '', feature, sigma: tanh },
    through: (u: number): Value => mul(scale, u),
  }));
  const y = integrate(solver, options, steps, (value) => value);
  const model = encodeModel(assemble({ name: 't', inputs: [scale], outputs: { y }, producerVersion: '0' }));
  await using session = await createSession(model);
  const outputs = await session.run({ scale: { dims: [1], data: Float32Array.of(1) } });
  return Number(outputs.y?.data[0]);
}
