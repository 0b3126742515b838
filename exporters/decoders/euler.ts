import { plus, type Scheme, times } from './scheme.js';

/** Explicit Euler (EED): y' = (1 - d) y + d sigma(y + u). */
export const explicitEuler: Scheme = {
  looksAhead: false,
  step: ({ y, u, sigma, delta: d }) => plus(times(1 - d, y), times(d, sigma(plus(y, u)))),
};
