import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pick } from '../../graph/common/pick.js';
import { oneCycle } from '../../graph/training/schedule.js';
import type { Pair } from '../files/pairs.js';
import { fallbackText } from '../reports/figures.js';
import { FITTING } from './defaults.js';
import { type Collected, collect, type SlimImage } from './features/features.js';
import { targetsWithTruth } from './features/truth-targets.js';
import { fitDecoder, stepsWithin } from './fitting/fit.js';
import type { Untimed } from './fitting/fit-task.js';
import { type Identity, StateFile } from './fitting/state.js';
import type { Fitting } from './fitting/student.js';
import { BOUNDS } from './option-kinds.js';
import type { SlimPlan } from './options.js';
import type { SlimOptions } from './slim-options.js';
import type { Split } from './split.js';
import type { Teacher } from './teacher/teacher.js';

/** A slimming, and all that it is made of. */
export interface SlimTask {
  readonly options: SlimOptions;
  readonly plan: SlimPlan;
  readonly teacher: Teacher;
  readonly images: readonly SlimImage[];
  /** The masks of some, by their names. */
  readonly truth: ReadonlyMap<string, Pair>;
}

/** What is fitted, but for what images tell. */
export function frameOf({ plan, teacher }: SlimTask): Omit<Fitting, 'shapes' | 'batch'> {
  const { decoder, settings, seed } = plan;
  return { decoder, settings, seed, ...pick(teacher, ['skips', 'classes', 'head']) };
}

/** The state of a slimming, and what an earlier run has left of it where that is to go on. @throws as `StateFile.read` */
export async function stateOfTask(task: SlimTask) {
  const state = StateFile.beside(task.options.output, await identityOf(task));
  return { state, before: task.options.resume ? await state.read() : undefined };
}

/** What makes a training the same as another: of images and masks, what is in their files. */
async function identityOf({ options, plan, teacher, images, truth }: SlimTask): Promise<Identity> {
  return {
    network: teacher.sha256,
    skips: teacher.skips.map(({ tensor }) => tensor).join(','),
    ...{ decoder: JSON.stringify(plan.decoder), settings: JSON.stringify(plan.settings) },
    ...{ head: teacher.head, recipe: JSON.stringify(teacher.spec.recipe) },
    images: await contentsOf(images.map(({ name, files }) => [name, files])),
    masks: await contentsOf(Array.from(truth, ([name, { mask }]) => [name, mask])),
    reading: JSON.stringify(plan.reading),
    ...pick(plan, ['seed', 'batch', 'rate', 'holdOut', 'views', 'truthWeight']),
    ...(options.minutes !== undefined && { minutes: options.minutes }),
  };
}

/** Names, and hashes of what is in their files; one that cannot be read has none, and is told of where it is decoded. */
async function contentsOf(
  named: readonly (readonly [name: string, files: string | readonly string[]])[],
): Promise<string> {
  const hashes: (readonly [string, string])[] = [];
  for (const [name, files] of named) {
    const hash = createHash('sha256');
    for (const file of [files].flat())
      await pipeline(createReadStream(file), hash, { end: false }).catch(() => {});
    hashes.push([name, hash.digest('hex')]);
  }
  return JSON.stringify(hashes);
}

/**
 * Computes the teacher's features and fits a decoder to them.
 * @returns also how many steps there were to be on the statistics of batches
 * @throws as `collect` and `fitDecoder`
 */
export async function fitted(
  task: SlimTask,
  parts: Pick<Split<SlimImage>, 'train' | 'heldOut'>,
  { state, before }: Awaited<ReturnType<typeof stateOfTask>>,
) {
  const { options, plan, teacher, truth: pairs } = task;
  const { session, budget, folder, views, reading, truthWeight: weight } = plan;
  const { signal, onProgress } = options;
  const { classes } = teacher.spec;
  const collected = await collect(teacher, parts, {
    ...{ session, budget, folder, views, signal },
    targets: pairs.size === 0 ? undefined : targetsWithTruth({ pairs, classes, reading, weight }),
    onProgress: (done, total) => onProgress?.({ phase: 'features', done, total }),
  });
  await using _store = collected.store;
  const common = commonOf(task, collected);
  const measured = options.minutes !== undefined && before === undefined;
  const steps =
    options.steps ??
    before?.steps ??
    (measured ? clamped(await stepsWithin(options.minutes, common)) : FITTING.steps);
  const record = before && { ...before.record, ...(before.steps !== steps && { stopped: false }) };
  // Awaited here: the features are gone behind the end of this function.
  const fit = await fitDecoder(
    {
      ...{ ...common, steps, rates: oneCycle(plan.rate, steps) },
      keep: (done, isLast) => state.keep(done, steps, isLast),
    },
    record,
  );
  const ran = [collected.provider, ...(fit.provider ? [fit.provider] : [])];
  const fallbacks = [...new Set(ran.flatMap((report) => fallbackText(report) ?? []))];
  return { ...fit, masksAt: collected.masksAt, fallbacks };
}

const clamped = (steps: number) => {
  const [least, most] = BOUNDS.steps;
  return Math.min(most, Math.max(least, steps));
};

function commonOf(task: SlimTask, collected: Collected): Untimed {
  const { plan, teacher } = task;
  const { signal, onProgress } = task.options;
  return {
    fitting: {
      ...frameOf(task),
      shapes: collected.shapes,
      batch: Math.min(plan.batch, collected.train.length),
    },
    ...{ collected, session: plan.session, signal, classes: teacher.spec.classes },
    onProgress: (progress) => onProgress?.({ phase: 'fitting', ...progress }),
  };
}
