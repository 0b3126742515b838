import { basename, parse } from 'node:path';
import { imageFault, NmodeError } from '../graph/errors.js';
import type { Recipe } from '../graph/recipe.js';
import type { Tiling } from '../runtime/images/job.js';
import type { Mask } from '../runtime/images/raster.js';
import { resizeBilinear } from '../runtime/images/resize.js';
import { inOrder } from '../runtime/in-order.js';
import type { Cleaning } from '../runtime/masks/components.js';
import { cut, DEFAULT_THRESHOLD } from '../runtime/masks/cut.js';
import {
  addConfusions,
  type Confusion,
  confusionOf,
  diceOf,
  type Metrics,
  metricsOf,
  NO_PIXELS,
} from '../runtime/masks/metrics.js';
import { readTruth } from '../runtime/node/images/files.js';
import { type Segmentation, Segmenter, type SegmenterOptions } from '../runtime/node/segmenter.js';
import type { ProviderReport } from '../runtime/node/sessions/session.js';
import type { SegmentOptions } from '../runtime/segment-options.js';
import { writeReport } from './evaluation-report.js';
import { findImages } from './find-images.js';
import { median } from './percentile.js';
import { refuseOverwriting } from './write-whole.js';

export interface EvaluateOptions extends SegmenterOptions, Cleaning {
  /** An .onnx file that takes one RGB image and gives one class. */
  readonly model: string;
  /** A folder of images. */
  readonly images: string;
  /** A folder of ground-truth masks, `NAME.png`, `NAME_mask.png` or `NAME_segmentation.png` for `NAME.jpg`. */
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
  readonly recipe: Recipe;
  readonly provider: ProviderReport['effective'];
  /** What was asked for, and why it was passed over where it was. */
  readonly session: ProviderReport;
  /** Images that were run in tiles, and how. */
  readonly tiled: readonly { readonly name: string; readonly tiling: Tiling }[];
  /** Images without a mask, masks without an image, pairs that do not fit, files that cannot be read. */
  readonly failures: readonly { readonly name: string; readonly error: string }[];
}

export interface Pair {
  readonly image: string;
  readonly mask: string;
}

type Outcome =
  | { readonly name: string; readonly confusion: Confusion; readonly tiling?: Tiling }
  | { readonly name: string; readonly error: string };

/**
 * Segments images and counts the pixels against ground truth, which is resized bilinearly to the size that is counted at
 * and cut at 0.5.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there is no pair, BAD_USAGE, CANNOT_RUN
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { at = 'network', threshold = DEFAULT_THRESHOLD, signal, onProgress } = options;
  const { pairs, failures, files } = await findPairs(options.images, options.masks);
  if (pairs.length === 0) {
    throw new NmodeError(
      'BAD_IMAGE',
      `${options.images}: no image has a mask of its name in ${options.masks}`,
    );
  }
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
    let confusion = NO_PIXELS;
    const perImage: EvaluationReport['perImage'][number][] = [];
    const tiled: EvaluationReport['tiled'][number][] = [];
    let done = 0;
    onProgress?.(done, pairs.length);
    for await (const outcome of inOrder(pairs, segmenter.imagesAtOnce, (pair) =>
      count(segmenter, pair, options),
    )) {
      signal?.throwIfAborted();
      if ('error' in outcome) failures.push(outcome);
      else {
        confusion = addConfusions(confusion, outcome.confusion);
        const { name, tiling } = outcome;
        perImage.push({ name, dsc: diceOf(outcome.confusion) });
        if (tiling) tiled.push({ name, tiling });
      }
      onProgress?.(++done, pairs.length);
    }
    const [failure] = failures;
    if (perImage.length === 0 && failure !== undefined) throw new NmodeError('BAD_IMAGE', failure.error);
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
      recipe,
      provider: provider.effective,
      session: provider,
      tiled,
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
    const { mask, truth, tiling } = await compareWithTruth(segmenter, pair, options);
    return { name, confusion: confusionOf(mask, truth), ...(tiling && { tiling }) };
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
  options: SegmentOptions,
): Promise<Segmentation & { readonly truth: Mask }> {
  const shares = await readTruth(pair.mask);
  const segmentation = await segmenter.segment(pair.image, { ...options, probabilities: false });
  const { width, height, mask } = segmentation;
  if (width !== shares.width || height !== shares.height) {
    throw new NmodeError(
      'BAD_IMAGE',
      `${basename(pair.image)}: it is ${width}x${height}, its mask ${shares.width}x${shares.height}`,
    );
  }
  return { ...segmentation, truth: cut(resizeBilinear(shares, mask.width, mask.height), 0.5) };
}

/** What mask files add to the name of their image. */
const MASK_SUFFIX = /_(mask|segmentation|gt|label)$/i;

/** Pairs images and masks by name. @throws NmodeError (BAD_IMAGE) where a folder holds no image */
async function findPairs(
  images: string,
  masks: string,
): Promise<{
  pairs: readonly Pair[];
  failures: EvaluationReport['failures'][number][];
  /** All that was found, with and without partner. */
  files: readonly string[];
}> {
  const byName = new Map<string, string>();
  const failures: EvaluationReport['failures'][number][] = [];
  const [imageFiles, maskFiles] = [await findImages(images), await findImages(masks)];
  for (const mask of maskFiles) {
    const name = parse(mask).name.replace(MASK_SUFFIX, '');
    const other = byName.get(name);
    if (other !== undefined) {
      throw new NmodeError('BAD_USAGE', `${basename(other)} and ${basename(mask)} are both masks of ${name}`);
    }
    byName.set(name, mask);
  }
  const pairs: Pair[] = [];
  for (const image of imageFiles) {
    const { base, name } = parse(image);
    const mask = byName.get(name);
    byName.delete(name);
    if (mask === undefined) failures.push({ name: base, error: `${base}: no mask of its name` });
    else pairs.push({ image, mask });
  }
  for (const mask of byName.values()) {
    const name = basename(mask);
    failures.push({ name, error: `${name}: no image of its name` });
  }
  return { pairs, failures, files: [...imageFiles, ...maskFiles] };
}
