import { explicitEuler } from './euler.js';
import { plus, solver, times } from './solver.js';

/**
 * Heun (HD): f1 = -y + sigma(y + u), y' = (1 - d/2) y + d/2 ((1 - d) f1 + sigma(y + d f1 + w)), where w is the next feature
 * through this step's second convolution. Both evaluations use the same sigma. The last step, which has no next feature, is
 * an Euler step.
 */
export const heun = solver({
  id: 'hd',
  weights: ['g', 'g_post'],
  options: {},
  step(state, inputs) {
    const { next, sigma, delta: d } = inputs;
    if (next === undefined) return explicitEuler.step(state, inputs, {});
    const { y } = state;
    const f1 = state.f();
    const ahead = sigma(plus(plus(y, times(d, f1)), next.post()));
    return plus(times(1 - d / 2, y), times(d / 2, plus(times(1 - d, f1), ahead)));
  },
});
