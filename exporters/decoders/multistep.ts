import { explicitEuler } from './euler.js';
import { plus, solver, times } from './solver.js';

/**
 * Linear two-step method (LMD): y_k = y_{k-2} + 2d (sigma(y_{k-1} + u) + y_{k-1}); the `paper` form, the method as derived,
 * has f = sigma(y_{k-1} + u) - y_{k-1} instead. The first step is an Euler step.
 */
export const multistep = solver({
  id: 'lmd',
  weights: ['g'],
  options: {
    form: {
      choices: ['release', 'paper'],
      help: "sign of LMD's y term: that of the release's checkpoints, or of the paper",
    },
  },
  step(state, inputs, { form }) {
    const { y, before } = state;
    const { u, sigma, delta: d } = inputs;
    if (y === undefined) return explicitEuler.step(state, inputs, {});
    return plus(before?.y, times(2 * d, form === 'paper' ? state.f() : plus(sigma(plus(y, u)), y)));
  },
});

/** `release`: what the public code computes and checkpoints were trained with; `paper`: the method as derived. */
export type MultistepForm = (typeof multistep.options.form.choices)[number];
