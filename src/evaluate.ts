import { basename, parse } from 'node:path';
import { commonFault, type ErrorCode, imageFault, NmodeError } from '../graph/errors.js';
import type { Recipe } from '../graph/recipe.js';
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
import { finishOptions, type SegmentOptions } from '../runtime/segment-options.js';
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
  /** Images without a mask, masks without an image, pairs that do not fit, images that cannot be read or segmented. */
  readonly failures: readonly Failure[];
  /** Images and masks that were read in spite of harmless faults of their files. */
  readonly warnings: readonly FileWarnings[];
}

interface FileWarnings {
  readonly name: string;
  /** One line each. */
  readonly warnings: readonly string[];
}

export interface Pair {
  readonly image: string;
  readonly mask: string;
}

interface Failure {
  readonly name: string;
  readonly code: ErrorCode;
  /** One line. */
  readonly error: string;
}

type Outcome =
  | { readonly name: string; readonly confusion: Confusion; readonly warnings: readonly FileWarnings[] }
  | Failure;

/**
 * Segments images and counts the pixels against ground truth, which is resized bilinearly to the size that is counted at
 * and cut at 0.5.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there is no pair, BAD_USAGE, CANNOT_RUN; what all images failed with alike
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { at = 'network', threshold = DEFAULT_THRESHOLD, signal, onProgress } = options;
  finishOptions(options, at);
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
    const unpaired = failures.length;
    const warnings: FileWarnings[] = [];
    const perImage: EvaluationReport['perImage'][number][] = [];
    let done = 0;
    onProgress?.(done, pairs.length);
    for await (const outcome of inOrder(pairs, segmenter.imagesAtOnce, (pair) =>
      count(segmenter, pair, options),
    )) {
      signal?.throwIfAborted();
      if ('error' in outcome) failures.push(outcome);
      else {
        confusion = addConfusions(confusion, outcome.confusion);
        warnings.push(...outcome.warnings);
        perImage.push({ name: outcome.name, dsc: diceOf(outcome.confusion) });
      }
      onProgress?.(++done, pairs.length);
    }
    const errors = failures.slice(unpaired).map(({ code, error }) => new NmodeError(code, error));
    const [first] = errors;
    if (perImage.length === 0 && first !== undefined) throw commonFault(errors) ?? first;
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
      failures,
      warnings,
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
    const { mask, truth, warnings, truthWarnings } = await compareWithTruth(segmenter, pair, options);
    const told = [
      { name, warnings },
      { name: basename(pair.mask), warnings: truthWarnings },
    ];
    const confusion = confusionOf(mask, truth);
    return { name, confusion, warnings: told.filter((file) => file.warnings.length > 0) };
  } catch (error) {
    const { code, message } = imageFault(error, options.signal);
    return { name, code, error: message };
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
): Promise<Segmentation & { readonly truth: Mask; readonly truthWarnings: readonly string[] }> {
  const shares = await readTruth(pair.mask);
  const segmentation = await segmenter.segment(pair.image, { ...options, probabilities: false });
  const { width, height, mask } = segmentation;
  if (width !== shares.width || height !== shares.height) {
    throw new NmodeError(
      'BAD_IMAGE',
      `${basename(pair.image)}: it is ${width}x${height}, its mask ${shares.width}x${shares.height}`,
    );
  }
  return {
    ...segmentation,
    truthWarnings: shares.warnings,
    truth: cut(resizeBilinear(shares, mask.width, mask.height), 0.5),
  };
}

/** What mask files add to the name of their image. */
const MASK_SUFFIX = /_(mask|segmentation|gt|label)$/i;

/** Pairs images and masks by name. @throws NmodeError (BAD_IMAGE) where a folder holds no image */
async function findPairs(
  images: string,
  masks: string,
): Promise<{
  pairs: readonly Pair[];
  failures: Failure[];
  /** All that was found, with and without partner. */
  files: readonly string[];
}> {
  const byName = new Map<string, string>();
  const failures: Failure[] = [];
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
    if (mask === undefined)
      failures.push({ name: base, code: 'BAD_IMAGE', error: `${base}: no mask of its name` });
    else pairs.push({ image, mask });
  }
  for (const mask of byName.values()) {
    const name = basename(mask);
    failures.push({ name, code: 'BAD_IMAGE', error: `${name}: no image of its name` });
  }
  return { pairs, failures, files: [...imageFiles, ...maskFiles] };
}
