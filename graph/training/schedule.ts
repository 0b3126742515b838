import { badUsage } from '../common/errors.js';

/** The learning rate of each step of a training; steps behind its end have the last one. */
export type Schedule = readonly number[];

/** The same rate for all steps. */
export const constantRate = (rate: number): Schedule => [rate];

/** The rates stand in the graph. */
const MAX_STEPS = 2 ** 20;

/** PyTorch's OneCycleLR: how much lower than the peak it begins, and how much lower than that it ends; the share of its rise. */
const [START_DIVISOR, END_DIVISOR, RISE] = [25, 1e4, 0.3];
/** With fewer steps there is none between the first and the peak. */
export const MIN_CYCLE = 7;

/**
 * One cycle (Smith and Topin, arXiv 1708.07120): up along half a cosine, then down along another. As torch.optim's OneCycleLR with
 * `cycle_momentum=False`.
 * @param peak the largest rate
 * @param steps how many there are
 */
export function oneCycle(peak: number, steps: number): Schedule {
  if (!(Number.isSafeInteger(steps) && steps >= MIN_CYCLE && steps <= MAX_STEPS)) {
    throw badUsage(
      `a cycle of ${steps} steps, expected a whole number from ${MIN_CYCLE}, with which the learning rate rises and falls, to ${MAX_STEPS}`,
    );
  }
  const [start, end] = [peak / START_DIVISOR, peak / START_DIVISOR / END_DIVISOR];
  const top = RISE * steps - 1;
  const between = (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return Array.from({ length: steps }, (_, step) =>
    step <= top ? between(start, peak, step / top) : between(peak, end, (step - top) / (steps - 1 - top)),
  );
}
