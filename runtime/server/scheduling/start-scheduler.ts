import type { Model } from '../../../graph/ir/model.js';
import type { Session } from '../../node/sessions/session.js';
import { checkServed, timeFirst, whyNotMerged } from './first-runs.js';
import { RunTimes } from './run-times.js';
import { Scheduler, type SchedulerOptions } from './scheduler.js';

/** Opens the workers of a model, and finds out with the first how long it takes and whether its rows are independent. */
export async function startScheduler(
  model: Model,
  open: () => Promise<Session>,
  options: SchedulerOptions,
): Promise<{ readonly scheduler: Scheduler; readonly whySingly: string | undefined }> {
  const times = new RunTimes();
  const first = await open();
  try {
    checkServed(first);
    await timeFirst(first, times);
    const whySingly = options.maxBatch > 1 ? await whyNotMerged(first, model) : undefined;
    const ready = [first];
    const scheduler = await Scheduler.start(
      async () => ready.pop() ?? open(),
      { ...options, maxBatch: whySingly === undefined ? options.maxBatch : 1 },
      times,
    );
    return { scheduler, whySingly };
  } catch (error) {
    await first.close();
    throw error;
  }
}
