import { at } from '../../../graph/common/at.js';
import { NmodeError } from '../../../graph/common/errors.js';
import { option } from '../../../graph/common/option.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { constantRate } from '../../../graph/training/schedule.js';
import { DEFAULT_MOMENTUM, type Numbers, RUNNING, type TrainingStep } from '../../../graph/training/step.js';
import { createSession, type ProviderReport, type Session } from '../../../runtime/node/sessions/session.js';
import { median } from '../../measuring/percentile.js';
import { outputOf } from '../../transform/output-of.js';
import { FITTING } from '../defaults.js';
import { BatchReader, shapesAt } from '../features/batch-reader.js';
import { cropSize, Samples, type Size } from '../features/crops.js';
import { areaBias } from './area-bias.js';
import type { FitProgress, FitRecord, FitTask, Untimed } from './fit-task.js';
import { copiedNumbers, Judge } from './judge.js';
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
  /** Where the steps ran; absent where none was left to take. */
  readonly provider?: ProviderReport;
}

/**
 * Fits the decoder: steps on the statistics of batches, then on the running ones. The weights whose probabilities are nearest to the teacher's on
 * the held-out images are kept; without such images, the last.
 * @param before what an earlier run has come to
 * @throws NmodeError (CHECK_FAILED) where the loss is not a number any more; CANNOT_RUN; the signal's reason. The last good record is kept before
 */
export async function fitDecoder(task: FitTask, before?: FitRecord): Promise<Fitted> {
  const { rates, steps } = task;
  const { cropped, reader, samples } = croppingOf(task);
  const last = Math.round(steps * (1 - FITTING.runningShare));
  const make = (statistics: 'batch' | 'running') => fittingStep(cropped, rates, statistics);
  const first = make('batch');
  let record = before ?? { step: 0, state: first.initialState(), losses: [], looks: [], seconds: 0 };
  checkState(record, first);
  await using judge = await Judge.open(task);
  const phase = new Phase(task, judge, reader, samples);
  if (record.step < last || record.settled !== true) record = await phase.run(first, record, last, true);
  if (record.step < steps && !record.stopped) record = await phase.run(make('running'), record, steps, false);
  const { step, state } = record.best ?? record;
  const weights = first.weights({ ...record.state, ...state });
  return {
    record,
    weights: await areaBias(task, judge, state, weights),
    step,
    runningFrom: last,
    parameters: outputOf(state, 'parameters').data.length,
    ...(phase.provider && { provider: phase.provider }),
  };
}

/** What a training on crops is made of: the decoder at their size, and what reads them. */
function croppingOf({ collected, fitting }: Untimed) {
  const [, , height = 1, width = 1] = at(collected.shapes, collected.shapes.length - 1);
  const along = (axis: 0 | 1) => Math.max(...collected.scales.map((scale) => at(scale, axis)));
  const image: Size = [height, width];
  const stride: Size = [along(0), along(1)];
  const crop = cropSize(image, stride);
  return {
    cropped: { ...fitting, shapes: shapesAt(collected, crop) },
    reader: new BatchReader(collected, crop, fitting.batch),
    samples: new Samples(collected.train, { image, crop, stride }, fitting.batch, fitting.seed),
  };
}

/** @throws NmodeError (BAD_CHECKPOINT) for a state that is of another network */
function checkState({ state }: FitRecord, step: TrainingStep): void {
  for (const [name, { data }] of Object.entries(step.initialState())) {
    const found = state[name]?.data.length;
    if (found === data.length) continue;
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `the state has ${found ?? 'no'} numbers of '${name}', expected ${data.length}: it is damaged`,
    );
  }
}

/** Steps of one kind. */
class Phase {
  provider: ProviderReport | undefined;

  constructor(
    private readonly task: FitTask,
    private readonly judge: Judge,
    private readonly reader: BatchReader,
    private readonly samples: Samples,
  ) {}

  /**
   * Takes steps up to `end`, or until nothing has improved for long.
   * @param settles whether running statistics are then to be those of the weights as they are
   */
  async run(made: TrainingStep, before: FitRecord, end: number, settles: boolean): Promise<FitRecord> {
    const { task, judge, reader, samples } = this;
    const { steps, signal } = task;
    await using session = await createSession(encodeModel(made.model), task.session);
    this.provider = session.provider;
    const outputs = session.outputs.map(({ name }) => name).filter((name) => name !== 'logits');
    const options = { transfer: true, onSpent: reader.onSpent, ...(signal && { signal }) };
    let record = before;
    const clock = new Clock(record.step);
    try {
      let next = reader.read(samples.at(record.step));
      while (record.step < end) {
        const step = record.step + 1;
        const run = session.run(
          { ...(await next), ...copiedNumbers(record.state) },
          { ...options, outputs, type: 'float32' },
        );
        // Read while the step runs.
        next = reader.read(samples.at(step));
        next.catch(() => {});
        const seconds = before.seconds + clock.seconds;
        record = { ...advanced(record, made, await run), seconds };
        if (isLook(step, steps)) record = await judge.look(record);
        task.onProgress(progressOf(record, steps, clock));
        await task.keep(record, false);
        if (end === steps && isOver(record, steps)) record = { ...record, stopped: true };
        if (record.stopped) break;
      }
      if (settles) record = await this.#settled(session, record);
    } catch (error) {
      // The last good one. That it cannot be kept matters less than what went wrong.
      await task.keep(record, true).catch(() => {});
      throw error;
    }
    await task.keep(record, true);
    return record;
  }

  /** The record with running statistics that are means of those of batches, all with the weights as they are. */
  async #settled(session: Session, record: FitRecord): Promise<FitRecord> {
    const running = record.state[RUNNING];
    if (running === undefined) return { ...record, settled: true };
    const options = {
      type: 'float32',
      outputs: [`next_${RUNNING}`],
      ...(this.task.signal && { signal: this.task.signal }),
    } as const;
    const behind = async (batch: number, from: number) => {
      const read = await this.reader.read(this.samples.at(record.step + batch));
      const state = { ...record.state, [RUNNING]: { ...running, data: running.data.slice().fill(from) } };
      return outputOf(await session.run({ ...read, ...state }, options), `next_${RUNNING}`).data;
    };
    // From 0, a step leaves what it takes of its batch's statistics; from 1, also what it leaves of what was before.
    const [zero, one] = [await behind(0, 0), await behind(0, 1)];
    const sums = Float64Array.from(zero);
    for (let batch = 1; batch < SETTLING; batch++) {
      for (const [index, value] of (await behind(batch, 0)).entries()) sums[index] = at(sums, index) + value;
    }
    const data = Float32Array.from(
      sums,
      (sum, index) => sum / SETTLING / shareOf(at(one, index) - at(zero, index)),
    );
    return { ...record, state: { ...record.state, [RUNNING]: { ...running, data } }, settled: true };
  }
}

/** Batches that running statistics are means of. */
const SETTLING = 16;

/**
 * How much of a batch's statistics a step takes, of which a BatchNorm that is applied several times takes as often.
 * @param rest what it leaves of what was before, but for rounding
 */
function shareOf(rest: number): number {
  const times = Math.max(1, Math.round(Math.log(rest) / Math.log(1 - DEFAULT_MOMENTUM)));
  return 1 - (1 - DEFAULT_MOMENTUM) ** times;
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

/** In the first half of the cycle weights are far from their best: looks are for those who watch. */
const isLook = (step: number, steps: number): boolean =>
  step === steps || step % (step < steps / 2 ? 3 * FITTING.lookEvery : FITTING.lookEvery) === 0;

/** In the last third of the cycle the rate falls, and that is when most is gained. */
const isOver = ({ step, best }: FitRecord, steps: number): boolean =>
  step < (2 / 3) * steps && best !== undefined && step - best.step > FITTING.patience * steps;

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

/** Steps that are timed, behind some that are not. */
const [WARM_UP, TIMED] = [2, 5];

/** How many steps fit into some minutes: by the time that a few take, from which nothing is kept. */
export async function stepsWithin(minutes: number, task: Untimed): Promise<number> {
  const { cropped, reader, samples } = croppingOf(task);
  const step = fittingStep(cropped, constantRate(0), 'batch');
  await using session = await createSession(encodeModel(step.model), task.session);
  const { signal } = task;
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
