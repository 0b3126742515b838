import { badUsage } from '../common/errors.js';
import { checkOptions, each, type Kinds, NUMBER, NUMBERS } from '../common/option-kinds.js';
import { int } from '../ir/attribute.js';
import { apply } from '../ir/op.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { cast } from '../ops/cast.js';
import { add, div, mul, sub } from '../ops/elementwise.js';
import { Gather } from '../ops/gather.js';
import { reduceSum } from '../ops/reduce.js';
import { clip, exp, sqrt, tanh } from '../ops/unary.js';
import type { Schedule } from './schedule.js';

export interface AdamWOptions {
  readonly rates: Schedule;
  /** Decoupled: a step takes rate * decay of each parameter away. Default 0.01, as in torch.optim.AdamW. */
  readonly weightDecay?: number;
  /** Of the gradient's mean and of its square's. Default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** The largest norm of all gradients together, as torch.nn.utils.clip_grad_norm_ has it; default none. */
  readonly maxNorm?: number;
}

const KINDS: Kinds<AdamWOptions> = {
  ...each(['rates', 'betas'], NUMBERS),
  ...each(['weightDecay', 'epsilon', 'maxNorm'], NUMBER),
};

/** What the optimiser remembers, each [parameters] but `step`, [1]: the number of steps that were taken. */
export interface AdamWState {
  readonly parameters: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
  readonly step: Value;
}

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) in the order of torch.optim.AdamW, with
 * m' = b1 m + (1 - b1) g, v' = b2 v + (1 - b2) g^2 and, at step t from 1 on,
 * p' = (1 - rate decay) p - rate / (1 - b1^t) m' / (sqrt(v') / sqrt(1 - b2^t) + epsilon).
 * The rate is looked up; steps behind the end of the schedule have its last.
 * @param gradient [parameters]
 */
export function adamW(state: AdamWState, gradient: Value, options: AdamWOptions) {
  checkOptions(options, KINDS, ['rates']);
  refuseNonsense(options);
  const { rates, weightDecay = 0.01, betas = [0.9, 0.999], epsilon = 1e-8, maxNorm } = options;
  const [b1, b2] = betas;
  const table = constant(float32Tensor([rates.length], rates));
  const place = cast(clip(state.step, 0, rates.length - 1), 'int64');
  const rate = apply(Gather, [table, place], { axis: int(0) });
  const step = add(state.step, 1);
  const norm = sqrt(reduceSum(mul(gradient, gradient), [0], false));
  // Added as in PyTorch, so that a gradient of zeros divides nothing by zero.
  const g = maxNorm === undefined ? gradient : mul(gradient, clip(div(maxNorm, add(norm, 1e-6)), 0, 1));
  const firstMoment = add(mul(state.firstMoment, b1), mul(g, 1 - b1));
  const secondMoment = add(mul(state.secondMoment, b2), mul(mul(g, g), 1 - b2));
  const divisor = add(div(sqrt(secondMoment), sqrt(withoutPower(b2, step))), epsilon);
  const moved = mul(div(firstMoment, divisor), div(rate, withoutPower(b1, step)));
  const decayed = mul(state.parameters, mul(rate, weightDecay));
  return {
    norm,
    state: { parameters: sub(state.parameters, add(decayed, moved)), firstMoment, secondMoment, step },
  };
}

/** 1 - beta^t, as tanh(c) (1 + e^(-2c)) with c = -t log(beta) / 2, which loses no digits where the power is near 1. */
function withoutPower(beta: number, t: Value): Value {
  if (beta === 0) return constant(float32Tensor([1], [1]));
  const c = mul(t, -Math.log(beta) / 2);
  return mul(tanh(c), add(exp(mul(c, -2)), 1));
}

/** @throws NmodeError (BAD_USAGE) */
function refuseNonsense({
  rates,
  weightDecay = 0,
  betas = [0, 0],
  epsilon = 1,
  maxNorm = 1,
}: AdamWOptions): void {
  const wrong = (what: string, found: unknown, expected: string) =>
    badUsage(`${what} ${found}, expected ${expected}`);
  const isFrom0 = (value: number) => value >= 0 && Number.isFinite(value);
  const strange = rates.filter((rate) => !isFrom0(rate));
  if (rates.length === 0 || strange.length > 0) {
    throw wrong('learning rates', `[${strange.slice(0, 5)}]`, 'one per step, each a number of at least 0');
  }
  if (!isFrom0(weightDecay)) throw wrong('weightDecay', weightDecay, 'a number of at least 0');
  if (!betas.every((beta) => beta >= 0 && beta < 1)) throw wrong('betas', betas, 'two from 0 to below 1');
  if (!(isFrom0(epsilon) && epsilon > 0)) throw wrong('epsilon', epsilon, 'a number above 0');
  if (!(maxNorm > 0)) throw wrong('maxNorm', maxNorm, 'a number above 0');
}
