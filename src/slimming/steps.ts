import { encodeModel } from '../../graph/file/write.js';
import { constantRate } from '../../graph/training/schedule.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { median } from '../measuring/percentile.js';
import { BatchReader } from './batch-reader.js';
import { Batches } from './batches.js';
import type { FitTask } from './fit-task.js';
import { fittingStep } from './student.js';

/** Steps that are timed, behind some that are not. */
const [WARM_UP, TIMED] = [2, 5];

/**
 * How many steps fit into some minutes: by the time that a few take, from which nothing is kept.
 * @param least and most there may be
 */
export async function stepsWithin(
  minutes: number,
  {
    fitting,
    optimisation,
    collected,
    session: options,
    signal,
  }: Pick<FitTask, 'fitting' | 'optimisation' | 'collected' | 'session' | 'signal'>,
  least: number,
  most: number,
): Promise<number> {
  const step = fittingStep(fitting, { ...optimisation, rates: constantRate(0) }, 'batch');
  await using session = await createSession(encodeModel(step.model), options);
  const reader = new BatchReader(collected);
  const batch = await reader.read(new Batches(collected.train, fitting.batch, fitting.seed).at(0));
  const state = step.initialState();
  const times: number[] = [];
  for (let run = 0; run < WARM_UP + TIMED; run++) {
    const start = performance.now();
    await session.run(
      { ...batch, ...state },
      { outputs: ['loss', 'next_parameters'], ...(signal && { signal }) },
    );
    if (run >= WARM_UP) times.push(performance.now() - start);
  }
  const steps = Math.floor((minutes * 60_000) / median(times));
  return Math.min(most, Math.max(least, steps));
}
