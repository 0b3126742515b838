import { cost } from '../../../graph/analysis/cost.js';
import { at } from '../../../graph/common/at.js';
import { encodeModel } from '../../../graph/file/write.js';
import type { Model } from '../../../graph/ir/model.js';
import { inOrder } from '../../../runtime/common/in-order.js';
import type { Segmentation } from '../../../runtime/node/segmenter.js';
import { Segmenter, type SegmenterOptions } from '../../../runtime/node/segmenter.js';
import type { SessionOptions } from '../../../runtime/node/sessions/session.js';
import type { TruthReading } from '../../../runtime/truth/truth.js';
import type { Pair } from '../../files/pairs.js';
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
import { latenciesOf } from './latency.js';

/** A model among those that are compared. */
export interface Contestant {
  readonly model: Model;
  /** What its file holds that is no part of how it takes images. */
  readonly options: SegmenterOptions;
}

export interface FigureOptions {
  /** Ground truth by the name of an image. */
  readonly truth: ReadonlyMap<string, Pair>;
  readonly reading: TruthReading;
  readonly session: SessionOptions;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number, total: number) => void;
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
  { test, heldOut }: Parts<SlimImage>,
  contestants: readonly Contestant[],
  options: FigureOptions,
): Promise<Parts<MaskFigures>> {
  const segmenters: Segmenter[] = [];
  const { onProgress } = options;
  const total = test.length + heldOut.length;
  let done = 0;
  const step = () => onProgress(++done, total);
  onProgress(done, total);
  try {
    for (const { model, options: said } of contestants) {
      segmenters.push(await Segmenter.load(encodeModel(model), { ...options.session, ...said }));
    }
    return {
      test: await figuresOf(test, segmenters, options, step),
      heldOut: await figuresOf(heldOut, segmenters.slice(0, 2), options, step),
    };
  } finally {
    await Promise.all(segmenters.map((segmenter) => segmenter.close()));
  }
}

async function figuresOf(
  images: readonly SlimImage[],
  segmenters: readonly Segmenter[],
  { truth, reading, signal }: FigureOptions,
  onImage: () => void,
): Promise<readonly MaskFigures[]> {
  const agreements = segmenters.map((): Scores['perImage'][number][] => []);
  const counted = segmenters.map((): { name: string; classes: readonly ClassConfusion[] }[] => []);
  const seen = async ({ name, files }: SlimImage) => {
    const pair = truth.get(name);
    const found: { masks: Segmentation['masks']; classes?: readonly ClassConfusion[] }[] = [];
    for (const segmenter of segmenters) {
      signal?.throwIfAborted();
      const compared = pair && (await compareWithTruth(segmenter, pair, reading));
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
    const input = at(model.graph.inputs, 0);
    const { known } = sizedAt(input.name, input.type?.shape ?? [], height, width);
    const { parameters, macs } = cost(at(written, index), known);
    return {
      parameters,
      ...(macs !== undefined && { macs }),
      bytes: at(encoded, index).length,
      milliseconds: at(milliseconds, index),
    };
  });
}

const sizedAt = (input: string, shape: readonly (number | string)[], height: number, width: number) =>
  defaultSizes(input, shape, [1, undefined, height, width]);
