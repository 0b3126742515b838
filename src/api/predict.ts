import { basename } from 'node:path';
import { at } from '../../graph/common/at.js';
import { badUsage, commonFault, imageFault, NmodeError, reason } from '../../graph/common/errors.js';
import * as kind from '../../graph/common/option-kinds.js';
import { type Kinds, taken } from '../../graph/common/option-kinds.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import type { Recipe } from '../../graph/recipe/recipe.js';
import { inOrder } from '../../runtime/common/in-order.js';
import type { Tiling } from '../../runtime/images/courses/course.js';
import { type Classes, maskLabelsOf, nameOfLabel, refuseThreshold } from '../../runtime/masks/classes.js';
import type { Cleaning, Component } from '../../runtime/masks/components.js';
import { loadModel, statedRecipe } from '../../runtime/node/model.js';
import {
  SEGMENTER_KINDS,
  type Segmentation,
  Segmenter,
  type SegmenterOptions,
} from '../../runtime/node/segmenter.js';
import { usableCores } from '../../runtime/node/sessions/limits.js';
import type { ProviderReport } from '../../runtime/node/sessions/session.js';
import type { Timings } from '../../runtime/segmentation.js';
import {
  CLEANING_KINDS,
  finishOptions,
  SEGMENT_KINDS,
  type SegmentOptions,
} from '../../runtime/segmentation.js';
import type { OutputFile } from '../batch/manifest.js';
import { parseShard } from '../batch/parse-shard.js';
import type { ShardReport } from '../batch/shard-run.js';
import { isOfOneFile, makeFolder, refuseOverwriting } from '../files/write-whole.js';
import { withOptions } from './option-kinds.js';
import { filesOf, type OutputOptions, writeFiles } from './predict/predict-files.js';
import { entryOf, openShard, shareOf } from './predict/predict-shard.js';
import { filesOfTask, findTasks, type ImageOptions, type Task } from './predict/predict-tasks.js';

export interface PredictOptions
  extends Omit<SegmenterOptions, 'at' | 'onProgress'>,
    Cleaning,
    ImageOptions,
    OutputOptions {
  /** An .onnx file with one image input. */
  readonly model: string;
  /** The side of a pixel in millimetres; also reports areas in mm2. */
  readonly mmPerPx?: number;
  /** The lowest probability inside the mask, 0..1. Default: 0.5. */
  readonly threshold?: number;
  /**
   * The shard of the images to process: `i/n`, shard i of n counted from 0, has the images k of the list with k mod n = i; `auto` or
   * `auto/n` asks the scheduler. Resumes where an earlier process stopped.
   */
  readonly shard?: string;
  readonly signal?: AbortSignal;
  /** @param what of an image that takes several runs of the network: how many are done */
  readonly onProgress?: (done: number, total: number, what?: string) => void;
}

/** A part of an image, measured. */
export interface Extent {
  readonly px: number;
  /** Where the size of a pixel is known. */
  readonly mm2?: number;
}

/** What was found of one class. */
export interface ClassRegions {
  /** Its value in label maps: the index of an exclusive class, or the index of an independent class plus 1. */
  readonly label: number;
  /** Its name, where it is known. */
  readonly name?: string;
  readonly area: Extent;
  /** Share of the image, 0..1. */
  readonly coverage: number;
  readonly count: number;
  /** The connected components, largest first, at most 1,000. */
  readonly components: readonly { readonly area: Extent; readonly box: Component['box'] }[];
}

export interface Prediction {
  readonly image: string;
  /** The files of its channels, if given: `image` is the first. */
  readonly inputs?: readonly string[];
  readonly width: number;
  readonly height: number;
  /** One file per class, except the background. */
  readonly masks: readonly string[];
  /** A file of the class of each pixel, where there are several classes. */
  readonly labels?: string;
  readonly overlay?: string;
  readonly probabilities?: readonly string[];
  readonly classes: readonly ClassRegions[];
  /** Runs of the network: more than one if the image was tiled. */
  readonly tiles: number;
  /** What was skipped or assumed when the image was read, one line each. */
  readonly warnings: readonly string[];
  /** How, where it was. */
  readonly tiling?: Tiling;
  readonly timings: Timings;
}

export interface PredictReport {
  readonly provider: ProviderReport;
  /** How images were prepared. */
  readonly recipe: Recipe;
  /** Whether the classes exclude each other, and their number. */
  readonly semantics: Classes & { readonly count: number };
  /** Assumptions about what neither the model nor the options specify. */
  readonly assumed: readonly Assumption[];
  readonly predictions: readonly Prediction[];
  /** Images that could not be segmented, or whose outputs could not be written. */
  readonly failures: readonly { readonly image: string; readonly error: NmodeError }[];
  /** For a shard; `predictions` are then those of this process. */
  readonly shard?: ShardReport;
}

const { at: _, ...LOADING } = SEGMENTER_KINDS;

const KINDS: Kinds<PredictOptions> = {
  ...LOADING,
  ...CLEANING_KINDS,
  ...kind.each(['model', 'output'], kind.PATH),
  ...{ images: kind.PATHS, inputs: kind.TEXTS, overlay: kind.FLAG },
  ...kind.each(['probabilities', 'shard'], kind.TEXT),
  ...kind.each(['threshold', 'mmPerPx'], kind.NUMBER),
};

/**
 * Segments images into mask PNGs of each image's own size: `NAME_mask.png` (`NAME_mask_1.png`, ... and
 * `NAME_labels.png` with several classes), `NAME_overlay.png`, `NAME_probabilities.npy` or `.png`.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there are none, BAD_USAGE, CANNOT_RUN; CANNOT_WRITE for what no file can be
 * written for (a full disk); what all images failed with alike, where that is no fault of theirs and they are no shard
 */
export async function predict(options: PredictOptions): Promise<PredictReport> {
  return withOptions(options, KINDS, ['model', 'images', 'output'], predicted);
}

async function predicted(options: PredictOptions): Promise<PredictReport> {
  const { onProgress, ...loading } = options;
  const { mmPerPx, output, signal } = options;
  if (mmPerPx !== undefined && !(mmPerPx > 0 && Number.isFinite(mmPerPx))) {
    throw badUsage(`${mmPerPx} mm a pixel, expected a number above 0`);
  }
  // What makes no sense is refused before anything is loaded.
  finishOptions(toSegmentOptions(options), 'image');
  const shard = options.shard === undefined ? undefined : parseShard(options.shard, process.env);
  const model = await loadModel(options.model, loading);
  const stated = statedRecipe(model.model);
  const found = await findTasks(options, stated?.files);
  const [failure, ...more] = found.unfound;
  if (found.tasks.length === 0 && failure !== undefined) {
    const others = more.length === 0 ? '' : `; and ${more.length} more`;
    throw new NmodeError('BAD_IMAGE', `${failure.error.message}${others}`);
  }
  const share = shard && (await shareOf(found, shard, options));
  const { tasks, unfound } = share ?? found;
  checkOutput(options, tasks);
  await using segmenter = await Segmenter.load(model, {
    ...taken(loading, SEGMENTER_KINDS),
    workers: options.workers ?? defaultWorkers(tasks, stated),
  });
  const predictions: Prediction[] = [];
  const failures: Failure[] = unfound.map(({ image, error }) => ({ image, error }));
  const { classes: count, semantics, provider, recipe, assumed } = segmenter;
  const expected = { classes: count, maskLabels: maskLabelsOf(semantics, count) };
  refuseThreshold(semantics, count, options.threshold);
  if (output !== '-') {
    const outputs = tasks.flatMap(({ name }) => Object.values(filesOf(name, expected, options)).flat());
    await refuseOverwriting(outputs, tasks.flatMap(filesOfTask));
    await makeFolder(output);
  }
  await using run = share && (await openShard(share, model.bytes, provider.effective, options));
  let done = 0;
  onProgress?.(done, tasks.length);
  const onRunOf = (task: Task) => (run: number, runs: number) => {
    if (run < runs)
      onProgress?.(done, tasks.length, `images, ${basename(task.image)}: ${run} of ${runs} runs`);
  };
  const one = async (task: Task) =>
    (await run?.doneBefore(task.path, filesOfTask(task)))
      ? undefined
      : predictOne(segmenter, task, { ...options, onRun: onRunOf(task) }, run?.tag);
  for await (const result of inOrder(tasks, segmenter.imagesAtOnce, one)) {
    signal?.throwIfAborted();
    if (result !== undefined && 'error' in result) {
      failures.push({ image: result.task.image, error: result.error });
      run?.failed({ image: result.task.path, code: result.error.code, error: result.error.message });
    } else if (result !== undefined) {
      predictions.push(result.prediction);
      await run?.done(await entryOf(result.task, result.prediction, result.written));
    }
    onProgress?.(++done, tasks.length);
  }
  // Of a shard, others may be well.
  const errors = failures.slice(unfound.length).map(({ error }) => error);
  const common = predictions.length === 0 && run === undefined ? commonFault(errors) : undefined;
  if (common !== undefined) throw common;
  const report = { provider, recipe, semantics: { ...semantics, count }, assumed, predictions, failures };
  return run === undefined ? report : { ...report, shard: await run.finish() };
}

type Failure = PredictReport['failures'][number];

function toSegmentOptions({ probabilities, overlay, ...options }: PredictOptions): SegmentOptions {
  const wanted = { probabilities: probabilities !== undefined, pixels: overlay ?? false };
  return { ...taken(options, SEGMENT_KINDS), ...wanted, components: true };
}

/**
 * With two copies of the model, one has the cores while the other waits for its next image. Of an image in many windows, the next is
 * ready while one runs.
 */
function defaultWorkers(tasks: readonly Task[], stated: Recipe | undefined): number {
  if (stated?.sizing.kind === 'slide') return 1;
  return Math.max(1, Math.min(2, tasks.length, usableCores()));
}

/** An image that was segmented, and what was written of it. */
interface Predicted {
  readonly task: Task;
  readonly prediction: Prediction;
  readonly written: readonly OutputFile[];
}

async function predictOne(
  segmenter: Segmenter,
  task: Task,
  { onRun, ...options }: PredictOptions & { readonly onRun: (done: number, total: number) => void },
  tag: string | undefined,
): Promise<Predicted | { readonly task: Task; readonly error: NmodeError }> {
  const { signal } = options;
  const { image, name, source } = task;
  try {
    const segmentation = await segmenter.segment(source, { ...toSegmentOptions(options), onRun });
    signal?.throwIfAborted();
    const { semantics } = segmenter;
    const { files, written } = await writeFiles(segmentation, segmenter, name, options, tag).catch(
      (error: unknown) => {
        if (error instanceof NmodeError) throw error;
        throw new NmodeError('CANNOT_RUN', `${basename(image)}: ${reason(error)}`, { cause: error });
      },
    );
    const { width, height, tiles, tiling, warnings, timings } = segmentation;
    const classes = regionsOf(segmentation, semantics, options.mmPerPx);
    const inTiles = { tiles, ...(tiling && { tiling }) };
    const inputs = Array.isArray(source) && { inputs: filesOfTask(task) };
    const prediction = { image, ...inputs, width, height, ...files, classes, ...inTiles, warnings, timings };
    return { task, prediction, written };
  } catch (error) {
    const fault = imageFault(error, signal);
    if (fault.code === 'CANNOT_WRITE' && !isOfOneFile(fault)) throw fault;
    return { task, error: fault };
  }
}

/** Standard output takes one file, and nothing else must come there. */
function checkOutput({ output, overlay, probabilities }: PredictOptions, tasks: readonly Task[]): void {
  if (output !== '-') return;
  if (overlay || probabilities || tasks.length > 1) {
    throw badUsage('standard output takes one mask: name a folder for several files');
  }
}

function regionsOf(
  { masks, maskLabels, components, classes }: Segmentation,
  semantics: Classes,
  mmPerPx: number | undefined,
): readonly ClassRegions[] {
  const extent = (px: number): Extent => ({
    px,
    ...(mmPerPx !== undefined && { mm2: Number((px * mmPerPx ** 2).toPrecision(12)) }),
  });
  if (components === undefined) throw new TypeError('components were not asked for');
  return masks.map((mask, index) => {
    const { count, area: px, largest } = at(components, index);
    const label = at(maskLabels, index);
    const name = nameOfLabel(semantics, classes, label);
    return {
      label,
      ...(name !== undefined && { name }),
      area: extent(px),
      coverage: px / mask.data.length,
      count,
      components: largest.map((part) => ({ area: extent(part.area), box: part.box })),
    };
  });
}
