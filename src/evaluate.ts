import { basename } from 'node:path';
import { imageFault, NmodeError } from '../graph/errors.js';
import type { Recipe } from '../graph/recipe.js';
import { inOrder } from '../runtime/in-order.js';
import type { Cleaning } from '../runtime/masks/components.js';
import { DEFAULT_THRESHOLD } from '../runtime/masks/cut.js';
import {
  addConfusions,
  type Confusion,
  confusionOf,
  diceOf,
  type Metrics,
  metricsOf,
  NO_PIXELS,
} from '../runtime/masks/metrics.js';
import {
  checkReading,
  type Search,
  type TruthMask,
  type TruthReading,
  truthAt,
} from '../runtime/masks/truth.js';
import { readTruth } from '../runtime/node/images/files.js';
import { type Segmentation, Segmenter, type SegmenterOptions } from '../runtime/node/segmenter.js';
import type { ProviderReport } from '../runtime/node/sessions/session.js';
import type { SegmentOptions } from '../runtime/segment-options.js';
import { writeReport } from './evaluation-report.js';
import { findPairs, type Pair } from './pairs.js';
import { median } from './percentile.js';
import { type CountedTruth, type TruthSummary, truthSummary, truthWarnings } from './truth-report.js';
import { sizesProblem, turnDoubt } from './turned.js';
import { refuseOverwriting } from './write-whole.js';

export interface EvaluateOptions extends SegmenterOptions, Cleaning, TruthReading {
  /** An .onnx file that takes one RGB image and gives one class. */
  readonly model: string;
  /** A folder of images. */
  readonly images: string;
  /**
   * A folder of ground-truth masks, `NAME.png`, `NAME_mask.png` or `NAME_segmentation.png` for `NAME.jpg`: black and white, unless
   * `truthLabel`, `truthColour` or `ignoreLabel` say how they are read. May be that of the images.
   */
  readonly masks: string;
  /** A pixel belongs to the mask where its probability reaches this, 0..1; default 0.5. */
  readonly threshold?: number;
  /** An .html file to write, with pictures of the worst images. */
  readonly report?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface EvaluationReport extends Metrics {
  /** How many were counted. */
  readonly images: number;
  /** Pixels of all images together, which the metrics are of. */
  readonly confusion: Confusion;
  /** Dice coefficients image by image. */
  readonly perImage: readonly { readonly name: string; readonly dsc: number }[];
  readonly meanDsc: number;
  readonly medianDsc: number;
  /** The size that was counted at: the network's input (as the release does) or each image's own. */
  readonly at: 'network' | 'image';
  readonly threshold: number;
  /** What was done to masks after they were cut. */
  readonly cleaning: Required<Cleaning>;
  readonly truth: TruthSummary;
  /** What may be wrong although it was counted: values that no mask holds, masks that may not be turned as their images. */
  readonly warnings: readonly string[];
  readonly recipe: Recipe;
  readonly provider: ProviderReport['effective'];
  /** What was asked for, and why it was passed over where it was. */
  readonly session: ProviderReport;
  /** Images without a mask, masks without an image, pairs that do not fit, files that cannot be read. */
  readonly failures: readonly { readonly name: string; readonly error: string }[];
}

interface Counted extends CountedTruth {
  readonly confusion: Confusion;
}

type Outcome = Counted | { readonly name: string; readonly error: string };

/**
 * Segments images and counts the pixels against ground truth, which is resized bilinearly to the size that is counted at
 * and cut at 0.5. Pixels of `ignoreLabel` are left out.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there is no pair, BAD_USAGE, CANNOT_RUN
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { at = 'network', threshold = DEFAULT_THRESHOLD, signal, onProgress } = options;
  checkReading(options);
  const { pairs, failures: unpaired, files } = await findPairs(options.images, options.masks);
  const failures = [...unpaired];
  if (options.report !== undefined) {
    if (!/\.html?$/i.test(options.report)) {
      throw new NmodeError('BAD_USAGE', `${options.report}: a report is an .html file`);
    }
    await refuseOverwriting([options.report], [options.model, ...files]);
  }
  const segmenter = await Segmenter.load(options.model, { ...options, at });
  try {
    if (segmenter.classes > 1) {
      const name = basename(options.model);
      throw new NmodeError(
        'BAD_USAGE',
        `${name}: it gives ${segmenter.classes} classes, one can be evaluated`,
      );
    }
    const counted: Counted[] = [];
    let done = 0;
    onProgress?.(done, pairs.length);
    for await (const outcome of inOrder(pairs, segmenter.imagesAtOnce, (pair) =>
      count(segmenter, pair, options),
    )) {
      signal?.throwIfAborted();
      if ('error' in outcome) failures.push(outcome);
      else counted.push(outcome);
      onProgress?.(++done, pairs.length);
    }
    const [failure] = failures;
    if (counted.length === 0 && failure !== undefined) throw new NmodeError('BAD_IMAGE', failure.error);
    const confusion = counted.map((image) => image.confusion).reduce(addConfusions, NO_PIXELS);
    const perImage = counted.map((image) => ({ name: image.name, dsc: diceOf(image.confusion) }));
    const scores = perImage.map(({ dsc }) => dsc);
    const { provider, recipe } = segmenter;
    const report: EvaluationReport = {
      images: perImage.length,
      confusion,
      ...metricsOf(confusion),
      perImage,
      meanDsc: scores.reduce((sum, dsc) => sum + dsc, 0) / scores.length,
      medianDsc: median(scores),
      at,
      threshold,
      cleaning: {
        fillHoles: options.fillHoles ?? false,
        largestComponent: options.largestComponent ?? false,
        minArea: options.minArea ?? 0,
      },
      truth: truthSummary(options, counted),
      warnings: truthWarnings(options, counted),
      recipe,
      provider: provider.effective,
      session: provider,
      failures,
    };
    if (options.report !== undefined) await writeReport(options.report, report, segmenter, pairs, options);
    return report;
  } finally {
    await segmenter.close();
  }
}

async function count(segmenter: Segmenter, pair: Pair, options: EvaluateOptions): Promise<Outcome> {
  const name = basename(pair.image);
  try {
    const { mask, truth, search, ...size } = await compareWithTruth(segmenter, pair, options);
    const confusion = confusionOf(mask, truth.mask, truth.counted);
    const ignored = truth.counted?.filter((counts) => counts === 0).length ?? 0;
    return { name, confusion, ignored, ...(search && { search }), turnDoubt: await turnDoubt(pair, size) };
  } catch (error) {
    return { name, error: imageFault(error).message };
  }
}

/**
 * What is found in an image, and what is true at the same size.
 * @throws NmodeError (BAD_IMAGE), also where the two files differ in size
 */
export async function compareWithTruth(
  segmenter: Segmenter,
  pair: Pair,
  options: SegmentOptions & TruthReading,
): Promise<Segmentation & { readonly truth: TruthMask; readonly search?: Search }> {
  const truth = await readTruth(pair.mask, options);
  const segmentation = await segmenter.segment(pair.image, { ...options, probabilities: false });
  const { width, height, mask } = segmentation;
  if (width !== truth.width || height !== truth.height) {
    throw new NmodeError('BAD_IMAGE', await sizesProblem(pair, segmentation, truth));
  }
  const { search } = truth;
  return { ...segmentation, truth: truthAt(truth, mask.width, mask.height), ...(search && { search }) };
}
