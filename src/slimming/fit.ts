import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import type { Numbers, TrainingState, TrainingStep } from '../../graph/training/step.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import type { Inputs } from '../../runtime/sessions/tensors.js';
import { outputOf } from '../transform/output-of.js';
import { BatchReader } from './batch-reader.js';
import { Batches } from './batches.js';
import type { FitProgress, FitRecord, FitTask } from './fit-task.js';
import { Judge } from './judge.js';
import { fittingStep } from './student.js';

export interface Fitted {
  readonly record: FitRecord;
  /** All weights of the decoder that is kept, by their keys. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** How many of their numbers were fitted. */
  readonly parameters: number;
  /** The step that they are of. */
  readonly step: number;
  /** The step behind which running statistics were normalised by. */
  readonly runningFrom: number;
}

/**
 * Fits the decoder: steps on the statistics of batches, then on the running ones. The weights that agree best with the teacher on the
 * held-out images are kept; without such images, the last.
 * @param before what an earlier run has come to
 * @throws NmodeError (CHECK_FAILED) where the loss is no number any more; CANNOT_RUN; the signal's reason. The last good record is kept before
 */
export async function fitDecoder(task: FitTask, before?: FitRecord): Promise<Fitted> {
  const { fitting, optimisation, steps } = task;
  const last = Math.round(steps * (1 - task.runningShare));
  const make = (statistics: 'batch' | 'running') => fittingStep(fitting, optimisation, statistics);
  const first = make('batch');
  let record = before ?? { step: 0, state: first.initialState(), losses: [], looks: [], seconds: 0 };
  const judge = await Judge.open(task, first);
  try {
    if (record.step < last) record = await phase(task, first, judge, record, last);
    if (record.step < steps && !record.stopped)
      record = await phase(task, make('running'), judge, record, steps);
  } finally {
    await judge.close();
  }
  const { step, state } = record.best ?? record;
  return {
    record,
    weights: first.weights(state),
    step,
    runningFrom: last,
    parameters: outputOf(state, 'parameters').data.length,
  };
}

/** Takes steps of one kind up to `end`, or until nothing has improved for long. */
async function phase(
  task: FitTask,
  made: TrainingStep,
  judge: Judge,
  before: FitRecord,
  end: number,
): Promise<FitRecord> {
  const { fitting, collected, steps } = task;
  const batches = new Batches(collected.train, fitting.batch, fitting.seed);
  const reader = new BatchReader(collected);
  await using session = await createSession(encodeModel(made.model), task.session);
  const outputs = session.outputs.map(({ name }) => name).filter((name) => name !== 'logits');
  const options = {
    outputs,
    transfer: true,
    onSpent: reader.onSpent,
    ...(task.signal && { signal: task.signal }),
  };
  let record = before;
  const clock = new Clock(record.step);
  try {
    let next = reader.read(batches.at(record.step));
    while (record.step < end) {
      const step = record.step + 1;
      const run = session.run({ ...(await next), ...copied(record.state) }, options);
      // Read while the step runs.
      if (step < end) next = reader.read(batches.at(step));
      next.catch(() => {});
      record = { ...advanced(record, made, await run), seconds: before.seconds + clock.seconds };
      if (step % task.lookEvery === 0 || step === steps) record = await judge.look(record);
      task.onProgress(progressOf(record, steps, clock));
      await task.keep(record, false);
      if (end === steps && isOver(record, task)) record = { ...record, stopped: true };
      if (record.stopped) break;
    }
  } catch (error) {
    // The last good one. That it cannot be kept matters less than what went wrong.
    await task.keep(record, true).catch(() => {});
    throw error;
  }
  await task.keep(record, true);
  return record;
}

/** A record behind one more step. @throws NmodeError (CHECK_FAILED) where that came to no number */
function advanced(
  record: FitRecord,
  made: TrainingStep,
  found: Readonly<Record<string, Numbers>>,
): FitRecord {
  const step = record.step + 1;
  const loss = at(outputOf(found, 'loss').data, 0);
  const norm = at(outputOf(found, 'gradient_norm').data, 0);
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw diverged(step, loss, norm);
  return { ...record, step, state: made.nextState(found), losses: [...record.losses, loss] };
}

const isOver = ({ step, best }: FitRecord, { steps, patience }: FitTask): boolean =>
  step < steps && best !== undefined && step - best.step > patience;

/** Its memory is given away. */
const copied = (state: TrainingState): Inputs =>
  Object.fromEntries(
    Object.entries(state).map(([name, { dims, data }]) => [name, { dims, data: data.slice() }]),
  );

/** How long steps take. */
class Clock {
  readonly #started = performance.now();

  constructor(private readonly first: number) {}

  /** Since the first step. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Seconds that so many steps will take. */
  of(steps: number, done: number): number {
    return (steps * this.seconds) / (done - this.first);
  }
}

function progressOf({ step, losses, looks }: FitRecord, steps: number, clock: Clock): FitProgress {
  const agreement = looks.at(-1)?.agreement;
  return {
    ...{ step, steps, loss: at(losses, step - 1), secondsLeft: clock.of(steps - step, step) },
    ...(agreement !== undefined && { agreement }),
  };
}

function diverged(step: number, loss: number, norm: number): NmodeError {
  const what = Number.isFinite(loss) ? `the norm of the gradients is ${norm}` : `the loss is ${loss}`;
  return new NmodeError(
    'CHECK_FAILED',
    `at step ${step} ${what}: the training diverged; a lower ${option('rate')} or another ${option('seed')} may not`,
  );
}
