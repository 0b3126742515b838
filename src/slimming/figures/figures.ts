import { cost } from '../../../graph/analysis/cost.js';
import { at } from '../../../graph/common/at.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/ir/model.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import { inOrder } from '../../../runtime/common/in-order.js';
import { type Segmentation, Segmenter, type SegmenterOptions } from '../../../runtime/node/segmenter.js';
import { createSession, type Session, type SessionOptions } from '../../../runtime/node/sessions/session.js';
import type { Inputs } from '../../../runtime/sessions/tensors.js';
import { mean, median } from '../../measuring/percentile.js';
import {
  type ClassConfusion,
  classMetrics,
  compareWithTruth,
  confusionsOf,
  foregroundMetrics,
  imageDice,
} from '../../reports/compare-classes.js';
import { defaultSizes, inputSizes } from '../../transform/default-sizes.js';
import type { SlimImage } from '../features/features.js';
import { maskAgreement } from '../fitting/agreement.js';
import type { MaskFigures, ModelFigures, Scores, TruthScores } from '../slim-report.js';
import type { SlimTask } from '../training.js';

/** A model among those that are compared. */
export interface Contestant {
  readonly model: Model;
  /** What its file holds that is no part of how it takes images. */
  readonly options: SegmenterOptions;
}

/** Images that are segmented at a time: while a model runs, others are decoded and masks compared. */
const AT_ONCE = 2;

/** Parts of the images, or what was found on each. */
type Parts<T> = Readonly<Record<'test' | 'heldOut', readonly T[]>>;

/**
 * Holds models against the first, which is the teacher, and against ground truth.
 * @returns figures of each model on the images that chose nothing, and of the first two on those that chose the weights
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE, CANNOT_RUN; the signal's reason
 */
export async function figuresOn(
  task: SlimTask,
  contestants: readonly Contestant[],
  { test, heldOut }: Parts<SlimImage>,
): Promise<Parts<MaskFigures>> {
  const total = test.length + heldOut.length;
  const tell = (done: number) => task.options.onProgress?.({ phase: 'figures', done, total });
  let done = 0;
  const step = () => tell(++done);
  tell(done);
  return withSegmenters(contestants, task.plan.session, async (segmenters) => ({
    test: await figuresOf(test, segmenters, task, step),
    heldOut: await figuresOf(heldOut, segmenters.slice(0, 2), task, step),
  }));
}

/** Loads segmenters for models, which are closed when `body` has ended. */
export async function withSegmenters<T>(
  contestants: readonly Contestant[],
  session: SessionOptions,
  body: (segmenters: readonly Segmenter[]) => Promise<T>,
): Promise<T> {
  const segmenters: Segmenter[] = [];
  try {
    for (const { model, options } of contestants)
      segmenters.push(await Segmenter.load(encodeModel(model), { ...session, ...options }));
    return await body(segmenters);
  } finally {
    await Promise.all(segmenters.map((segmenter) => segmenter.close()));
  }
}

async function figuresOf(
  images: readonly SlimImage[],
  segmenters: readonly Segmenter[],
  { truth, plan, options }: SlimTask,
  onImage: () => void,
): Promise<readonly MaskFigures[]> {
  const agreements = segmenters.map((): Scores['perImage'][number][] => []);
  const counted = segmenters.map((): { name: string; classes: readonly ClassConfusion[] }[] => []);
  const seen = async ({ name, files }: SlimImage) => {
    const pair = truth.get(name);
    const found: { masks: Segmentation['masks']; classes?: readonly ClassConfusion[] }[] = [];
    for (const segmenter of segmenters) {
      options.signal?.throwIfAborted();
      const compared = pair && (await compareWithTruth(segmenter, pair, plan.reading));
      const { masks } = compared ?? (await segmenter.segment(files, { probabilities: false }));
      found.push({ masks, ...(compared && { classes: confusionsOf(compared) }) });
    }
    return { name, found };
  };
  for await (const { name, found } of inOrder(images, AT_ONCE, seen)) {
    onImage();
    const wanted = at(found, 0).masks;
    for (const [index, { masks, classes }] of found.entries()) {
      if (classes) at(counted, index).push({ name, classes });
      if (index > 0) at(agreements, index).push({ name, dsc: maskAgreement(masks, wanted) });
    }
  }
  return segmenters.map((_, index) => ({
    ...(index > 0 && images.length > 0 && { agreement: scoresOf(at(agreements, index)) }),
    ...(at(counted, index).length > 0 && { truth: truthOf(at(counted, index)) }),
  }));
}

function scoresOf(perImage: Scores['perImage']): Scores {
  const scores = perImage.map(({ dsc }) => dsc);
  return { perImage, mean: mean(scores), median: median(scores), worst: Math.min(...scores) };
}

function truthOf(counted: readonly { name: string; classes: readonly ClassConfusion[] }[]): TruthScores {
  const { dsc } = foregroundMetrics(classMetrics(counted.map(({ classes }) => classes)));
  return { dsc, ...scoresOf(counted.map(({ name, classes }) => ({ name, dsc: imageDice(classes) }))) };
}

/**
 * What models cost, on one image each: as they run, and what was trained as they are written.
 * @param height of what they are given
 */
export async function costsOf(
  models: readonly Model[],
  written: readonly Model[],
  { height, width }: { readonly height: number; readonly width: number },
  session: SessionOptions,
  signal?: AbortSignal,
): Promise<readonly Omit<ModelFigures, keyof MaskFigures>[]> {
  const encoded = models.map((model) => encodeModel(model));
  const { declared } = inputSizes(at(models, 0), at(at(models, 0).graph.inputs, 0).name);
  const channels = Number(declared[1]);
  const milliseconds = await latenciesOf(encoded, [1, channels, height, width], session, signal);
  return models.map((model, index) => {
    const { name, type } = at(model.graph.inputs, 0);
    const { known } = defaultSizes(name, type?.shape ?? [], [1, undefined, height, width]);
    const { parameters, macs } = cost(at(written, index), known);
    return {
      parameters,
      ...(macs !== undefined && { macs }),
      bytes: at(encoded, index).length,
      milliseconds: at(milliseconds, index),
    };
  });
}

/** Runs that are counted, of each in turn, behind some that are not. */
const [WARM_UP, RUNS] = [3, 20];

/**
 * Milliseconds of a run of each of several models, medians: one run of each in turn, so that what else the machine does is shared.
 * @param shape of their one input
 * @param options without `spinning`: threads of the model before would keep the cores, and all would seem to take twice as long
 */
async function latenciesOf(
  models: readonly Uint8Array[],
  shape: readonly number[],
  options: SessionOptions,
  signal?: AbortSignal,
): Promise<readonly number[]> {
  const sessions: Session[] = [];
  try {
    for (const model of models) sessions.push(await createSession(model, { ...options, spinning: false }));
    // Looks random: some kernels skip zeros.
    const data = Float32Array.from(
      { length: elementCount(shape) },
      (_, i) => (Math.imul(i, 0x9e3779b9) >>> 24) + 0.5,
    );
    const times = sessions.map((): number[] => []);
    for (let run = 0; run < WARM_UP + RUNS; run++) {
      for (const [index, session] of sessions.entries()) {
        const inputs: Inputs = Object.fromEntries(
          session.inputs.map(({ name }) => [name, { dims: shape, data }]),
        );
        const start = performance.now();
        await session.run(inputs, { ...(signal && { signal }) });
        if (run >= WARM_UP) times[index]?.push(performance.now() - start);
      }
    }
    return times.map(median);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}
