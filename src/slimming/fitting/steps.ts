import { encodeModel } from '../../../graph/file/write.js';
import { constantRate } from '../../../graph/training/schedule.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { median } from '../../measuring/percentile.js';
import { croppingOf } from '../features/cropping.js';
import type { FitTask } from './fit-task.js';
import { fittingStep } from './student.js';

/** Steps that are timed, behind some that are not. */
const [WARM_UP, TIMED] = [2, 5];

type Timed = Pick<FitTask, 'fitting' | 'optimisation' | 'collected' | 'session' | 'signal'>;

/** How many steps fit into some minutes: by the time that a few take, from which nothing is kept. */
export async function stepsWithin(minutes: number, task: Timed): Promise<number> {
  const { optimisation, signal } = task;
  const { cropped, reader, samples } = croppingOf(task);
  const step = fittingStep(cropped, { ...optimisation, rates: constantRate(0) }, 'batch');
  await using session = await createSession(encodeModel(step.model), task.session);
  const options = { outputs: ['loss', 'next_parameters'], ...(signal && { signal }) };
  const state = step.initialState();
  const times: number[] = [];
  for (let run = 0; run < WARM_UP + TIMED; run++) {
    const start = performance.now();
    await session.run({ ...(await reader.read(samples.at(run))), ...state }, options);
    if (run >= WARM_UP) times.push(performance.now() - start);
  }
  return Math.floor((minutes * 60_000) / median(times));
}
