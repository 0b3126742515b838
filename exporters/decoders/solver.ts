import type { Value } from '../../graph/ir/value.js';
import { add, mul, sub } from '../../graph/ops/elementwise.js';
import type { Convolution } from './keys.js';
import type { PublishedForm } from './variant.js';

/** The memory y [N, c, ...space]; undefined stands for zeros, which cost no node and no memory. */
export type Memory = Value | undefined;

/** The memory at the start of step k, and its history. */
export interface State {
  /** y_{k-1}, after its activation. */
  readonly y: Memory;
  /** f(y_{k-1}, u_k) = -y_{k-1} + sigma(y_{k-1} + u_k); computed when first asked for. */
  f(): Value;
  /** The state at the start of step k - 1; none at the first step. */
  readonly before: State | undefined;
}

/** What drives step k. All values are [N, c, ...space] at the input's resolution. */
export interface StepInputs {
  /** u_k = up(g_k(x_k)). */
  readonly u: Value;
  /** The next, shallower feature; none at the last step. */
  readonly next: NextFeature | undefined;
  /** The block's sigma, applied to the sum of memory and feature. */
  readonly sigma: (sum: Value) => Value;
  /** 1 / number of steps. */
  readonly delta: number;
}

export interface NextFeature {
  /** u_{k+1}, as the next step takes it. */
  u(): Value;
  /** up(g_post_k(x_{k+1})): through this step's second convolution. */
  post(): Value;
  /** f(y, u_{k+1}), with the next step's sigma. */
  f(y: Value): Value;
}

/** A choice that a solver leaves to the user, because no checkpoint tells it. */
export interface SolverOption {
  /** The default first. */
  readonly choices: readonly [string, ...string[]];
  /** What it is, for `--help`. */
  readonly help: string;
}
export type SolverOptions = Readonly<Record<string, SolverOption>>;

/** The chosen value of each option. */
export type Chosen<O extends SolverOptions> = { readonly [K in keyof O]: O[K]['choices'][number] };

/** A discretisation of dy/dt = -y + sigma(y + g(x(t))). */
export interface Solver<Id extends string = string, O extends SolverOptions = SolverOptions> {
  /** What users call it. */
  readonly id: Id;
  /** The convolutions that a step has weights for. */
  readonly weights: readonly Convolution[];
  readonly options: O;
  /** Default as in the nmODE release. */
  readonly published?: PublishedForm;
  /** y_k, before its activation. */
  step(state: State, inputs: StepInputs, options: Chosen<O>): Value;
}

/** Types a solver by what it says of itself. */
export const solver = <const Id extends string, const O extends SolverOptions>(
  definition: Solver<Id, O>,
): Solver<Id, O> => definition;

/** a + b; nothing is added to zeros. */
export const plus = (a: Memory, b: Value): Value => (a === undefined ? b : add(a, b));

/** a - b; nothing is subtracted where b is zeros. */
export const minus = (a: Value, b: Memory): Value => (b === undefined ? a : sub(a, b));

/** k a, with k rounded to float32 here and nowhere before; zeros stay zeros. */
export function times(k: number, a: Value): Value;
export function times(k: number, a: Memory): Memory;
export function times(k: number, a: Memory): Memory {
  return a === undefined || k === 1 ? a : mul(a, k);
}
