import { badUsage } from '../common/errors.js';
import { int } from '../ir/attribute.js';
import { apply } from '../ir/op.js';
import { float32Tensor } from '../ir/tensor.js';
import { constant, type Value } from '../ir/value.js';
import { cast } from '../ops/cast.js';
import { add, div, mul, sub } from '../ops/elementwise.js';
import { Gather } from '../ops/gather.js';
import { reduceSum } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { sliceAxis } from '../ops/slice.js';
import { clip, sqrt } from '../ops/unary.js';
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
 * What depends on t alone is computed here in double, a row a step, and looked up; steps behind the last row take that.
 * @param gradient [parameters]
 */
export function adamW(state: AdamWState, gradient: Value, options: AdamWOptions) {
  const { rates, weightDecay = 0.01, betas = [0.9, 0.999], epsilon = 1e-8, maxNorm } = options;
  checkOptions(options);
  const [b1, b2] = betas;
  const rows = rates.map((rate, index) => {
    const [first, second] = [1 - b1 ** (index + 1), 1 - b2 ** (index + 1)];
    return [1 - rate * weightDecay, rate / first, 1 / Math.sqrt(second)];
  });
  const table = constant(float32Tensor([rows.length, 3], rows.flat()));
  const row = apply(Gather, [table, cast(clip(state.step, 0, rows.length - 1), 'int64')], { axis: int(0) });
  const [kept, size, correction] = [column(row, 0), column(row, 1), column(row, 2)];
  const norm = sqrt(reduceSum(mul(gradient, gradient), [0], false));
  // Added as in PyTorch, so that a gradient of zeros divides nothing by zero.
  const g = maxNorm === undefined ? gradient : mul(gradient, clip(div(maxNorm, add(norm, 1e-6)), 0, 1));
  const firstMoment = add(mul(state.firstMoment, b1), mul(g, 1 - b1));
  const secondMoment = add(mul(state.secondMoment, b2), mul(mul(g, g), 1 - b2));
  const divisor = add(mul(sqrt(secondMoment), correction), epsilon);
  const moved = mul(div(firstMoment, divisor), size);
  return {
    norm,
    state: {
      parameters: sub(mul(state.parameters, kept), moved),
      firstMoment,
      secondMoment,
      step: add(state.step, 1),
    },
  };
}

/** [1, columns] -> [1]. */
const column = (row: Value, index: number): Value => reshape(sliceAxis(row, 1, index, index + 1), [1]);

/** @throws NmodeError (BAD_USAGE) */
function checkOptions({
  rates,
  weightDecay = 0,
  betas = [0, 0],
  epsilon = 1,
  maxNorm = 1,
}: AdamWOptions): void {
  const wrong = (what: string, found: unknown, expected: string) =>
    badUsage(`${what} ${found}, expected ${expected}`);
  const isFrom0 = (value: number) => value >= 0 && Number.isFinite(value);
  if (rates.length === 0 || !rates.every(isFrom0)) {
    throw wrong('learning rates', `[${rates.slice(0, 5)}]`, 'one a step, each a number from 0 on');
  }
  if (!isFrom0(weightDecay)) throw wrong('weightDecay', weightDecay, 'a number from 0 on');
  if (!betas.every((beta) => beta >= 0 && beta < 1)) throw wrong('betas', betas, 'two from 0 to below 1');
  if (!(isFrom0(epsilon) && epsilon > 0)) throw wrong('epsilon', epsilon, 'a number above 0');
  if (!(maxNorm > 0)) throw wrong('maxNorm', maxNorm, 'a number above 0');
}
