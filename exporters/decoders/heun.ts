import { sub } from '../../graph/ops/elementwise.js';
import { explicitEuler } from './euler.js';
import { plus, type Scheme, times } from './scheme.js';

/**
 * Heun (HD): f1 = -y + sigma(y + u), y' = (1 - d/2) y + d/2 ((1 - d) f1 + sigma(y + d f1 + w)).
 * Both evaluations use the same sigma. The last step, which has no next feature, is an Euler step.
 */
export const heun: Scheme = {
  looksAhead: true,
  step(inputs) {
    const { y, u, w, sigma, delta: d } = inputs;
    if (w === undefined) return explicitEuler.step(inputs);
    const atStart = sigma(plus(y, u));
    const f1 = y === undefined ? atStart : sub(atStart, y);
    const ahead = sigma(plus(plus(y, times(d, f1)), w));
    return plus(times(1 - d / 2, y), times(d / 2, plus(times(1 - d, f1), ahead)));
  },
};
