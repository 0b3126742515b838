import { scope, type Value } from '../../graph/ir/value.js';
import type { Convolution } from './keys.js';
import { type Memory, minus, plus, type Solver, type State } from './solver.js';
import type { SolverChoices } from './solvers.js';

/** What a network gives the solver for one step: X is its feature, other values are [N, c, ...space]. */
export interface Drive<X> {
  /** The scope of the step's operations. */
  readonly path: string;
  readonly feature: X;
  /** A feature through one of the step's convolutions, at the input's resolution. */
  through(feature: X, convolution: Convolution): Value;
  sigma(sum: Value): Value;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/**
 * Solves dy/dt = -y + sigma(y + u(t)), y(0) = 0, from t = 0 to 1, in as many steps as there are drives.
 * @param between what is done to y after each step but the last
 * @returns y(1)
 */
export function integrate<X>(
  solver: Solver,
  options: SolverChoices,
  drives: readonly Drive<X>[],
  between: (y: Value) => Value,
): Value {
  const steps = drives.map((drive) => {
    const u = once(() => drive.through(drive.feature, 'g'));
    return { drive, u, slope: (y: Memory) => minus(drive.sigma(plus(y, u())), y) };
  });
  const delta = 1 / steps.length;
  let [y, before]: [Memory, State | undefined] = [undefined, undefined];
  for (const [index, { drive, u: driven, slope }] of steps.entries()) {
    const following = steps[index + 1];
    const next = following && {
      u: following.u,
      post: () => drive.through(following.drive.feature, 'g_post'),
      f: following.slope,
    };
    const start = y;
    y = scope(drive.path, () => {
      const u = driven();
      const state = { y: start, before, f: once(() => slope(start)) };
      before = state;
      const stepped = solver.step(state, { u, next, sigma: drive.sigma, delta }, options);
      return next === undefined ? stepped : between(stepped);
    });
  }
  if (y === undefined) throw new TypeError('a decoder needs at least one feature');
  return y;
}
