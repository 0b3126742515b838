import { sub } from '../../graph/ops/elementwise.js';
import { explicitEuler } from './euler.js';
import { plus, type Scheme, times } from './scheme.js';

/** `release`: what the public code computes and checkpoints were trained with; `paper`: the method as derived. */
export const MULTISTEP_FORMS = ['release', 'paper'] as const;
export type MultistepForm = (typeof MULTISTEP_FORMS)[number];

/**
 * Linear two-step method (LMD): y_k = y_{k-2} + 2d (sigma(y_{k-1} + u) + y_{k-1}); the `paper` form, the midpoint rule on
 * dy/dt = -y + sigma(y + u), has - y_{k-1} instead. The first step is an Euler step.
 */
export const multistep = (form: MultistepForm): Scheme => ({
  looksAhead: false,
  step(inputs) {
    const { y, yBefore, u, sigma, delta: d } = inputs;
    if (y === undefined) return explicitEuler.step(inputs);
    const f = sigma(plus(y, u));
    return plus(yBefore, times(2 * d, form === 'release' ? plus(f, y) : sub(f, y)));
  },
});
