import { plus, solver, times } from './solver.js';

/** Explicit Euler (EED): y' = (1 - d) y + d sigma(y + u). */
export const explicitEuler = solver({
  id: 'eed',
  weights: ['g'],
  options: {},
  step: ({ y }, { u, sigma, delta: d }) => plus(times(1 - d, y), times(d, sigma(plus(y, u)))),
});
