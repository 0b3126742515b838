import type { Value } from '../../graph/ir/value.js';
import { add, mul } from '../../graph/ops/elementwise.js';

/** The memory y [N, c, H, W]; undefined stands for zeros, which cost no node and no memory. */
export type Memory = Value | undefined;

/** What one step of a solver may use. All values are [N, c, H, W] at the input's resolution. */
export interface StepInputs {
  /** y_{k-1}, after its activation. */
  readonly y: Memory;
  /** y_{k-2}, after its activation. */
  readonly yBefore: Memory;
  /** The feature that drives this step: up(g(x_k)). */
  readonly u: Value;
  /** The next, shallower feature through this step's second convolution: up(g_post(x_{k+1})); none at the last step. */
  readonly w: Value | undefined;
  /** The block's f, applied to the sum of memory and feature. */
  readonly sigma: (sum: Value) => Value;
  /** 1 / number of steps. */
  readonly delta: number;
}

/** A discretisation of dy/dt = -y + sigma(y + g(x(t))). */
export interface Scheme {
  /** True where a step also looks at the next feature. */
  readonly looksAhead: boolean;
  step(inputs: StepInputs): Value;
}

/** a + b; nothing is added to zeros. */
export const plus = (a: Memory, b: Value): Value => (a === undefined ? b : add(a, b));

/** k a, with k rounded to float32 here and nowhere before; zeros stay zeros. */
export function times(k: number, a: Value): Value;
export function times(k: number, a: Memory): Memory;
export function times(k: number, a: Memory): Memory {
  return a === undefined || k === 1 ? a : mul(a, k);
}
