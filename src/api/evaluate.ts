import { basename } from 'node:path';
import { commonFault, imageFault, NmodeError } from '../../graph/common/errors.js';
import { inOrder } from '../../runtime/common/in-order.js';
import type { Tiling } from '../../runtime/images/job.js';
import { maskLabelsOf, refuseThreshold } from '../../runtime/masks/classes.js';
import type { Cleaning } from '../../runtime/masks/components.js';
import { DEFAULT_THRESHOLD } from '../../runtime/masks/threshold.js';
import { Segmenter, type SegmenterOptions } from '../../runtime/node/segmenter.js';
import { finishOptions } from '../../runtime/segment-options.js';
import { checkReading, type TruthReading } from '../../runtime/truth/truth.js';
import { turnDoubt } from '../files/orientation-mismatch.js';
import { type Failure, findPairs, type Pair } from '../files/pairs.js';
import { refuseOverwriting } from '../files/write-whole.js';
import { mean, median } from '../measuring/percentile.js';
import {
  type ClassConfusion,
  classMetrics,
  classWarnings,
  compareWithTruth,
  confusionsOf,
  foregroundMetrics,
  imageDice,
} from '../reports/compare-classes.js';
import type { EvaluationReport } from '../reports/evaluation.js';
import { writeReport } from '../reports/evaluation-report.js';
import { type CountedTruth, foregroundText, truthSummary, truthWarnings } from '../reports/truth-report.js';

export interface EvaluateOptions extends SegmenterOptions, Cleaning, TruthReading {
  /** An .onnx file that takes one image. */
  readonly model: string;
  /** A folder of images. */
  readonly images: string;
  /** Where the channels of an image are in files of their own, their patterns in that order, such as `{case}_0000.png`. */
  readonly inputs?: readonly string[];
  /**
   * A folder of ground-truth masks, `NAME.png`, `NAME_mask.png` or `NAME_segmentation.png` for `NAME.jpg`: black and white, unless
   * `truthLabel`, `truthColour` or `ignoreLabel` say how they are read; label maps where the model gives several classes. May be
   * that of the images.
   */
  readonly masks: string;
  /** A pixel belongs to the mask where its probability reaches this, 0..1; default 0.5. */
  readonly threshold?: number;
  /** An .html file to write, with pictures of the worst images. */
  readonly report?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

interface Counted extends CountedTruth {
  readonly classes: readonly ClassConfusion[];
  /** Harmless faults of its files, one line each. */
  readonly warnings: readonly string[];
  readonly tiling?: Tiling;
}

type Outcome = Counted | Failure;

/**
 * Segments images and counts the pixels against ground truth, which is resized bilinearly to the size that is counted at
 * and thresholded at 0.5. Pixels of `ignoreLabel` are left out.
 * @throws NmodeError: BAD_MODEL, BAD_IMAGE where there is no pair, BAD_USAGE, CANNOT_RUN; what all images failed with alike
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { at = 'network', signal, onProgress } = options;
  const { fillHoles = false, largestComponent = false, minArea = 0 } = options;
  checkReading(options);
  finishOptions(options, at);
  const { pairs, failures: unpaired, files } = await findPairs(options.images, options.masks, options.inputs);
  const failures = [...unpaired];
  if (options.report !== undefined) {
    if (!/\.html?$/i.test(options.report)) {
      throw new NmodeError('BAD_USAGE', `${options.report}: a report is an .html file`);
    }
    await refuseOverwriting([options.report], [options.model, ...files]);
  }
  await using segmenter = await Segmenter.load(options.model, { ...options, at });
  refuseReading(segmenter, options);
  refuseThreshold(segmenter.semantics, segmenter.classes, options.threshold);
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
  const errors = failures.slice(unpaired.length).map(({ code, error }) => new NmodeError(code, error));
  const [first] = errors;
  if (counted.length === 0 && first !== undefined) throw commonFault(errors) ?? first;
  const classes = classMetrics(counted.map((image) => image.classes));
  const perImage = counted.map((image) => ({ name: image.name, dsc: imageDice(image.classes) }));
  const scores = perImage.map(({ dsc }) => dsc);
  const { provider, recipe, semantics } = segmenter;
  const threshold = options.threshold ?? (semantics.kind === 'independent' ? DEFAULT_THRESHOLD : undefined);
  const report: EvaluationReport = {
    images: perImage.length,
    ...foregroundMetrics(classes),
    ...(classes.length > 1 && { classes }),
    perImage,
    meanDsc: mean(scores),
    medianDsc: median(scores),
    at,
    ...(threshold !== undefined && { threshold }),
    cleaning: { fillHoles, largestComponent, minArea },
    truth: truthSummary(options, counted),
    warnings: [
      ...counted.flatMap(({ warnings }) => warnings),
      ...truthWarnings(options, counted),
      ...(classes.length > 1 ? classWarnings(classes) : []),
    ],
    recipe,
    provider: provider.effective,
    session: provider,
    assumed: segmenter.assumed,
    tiled: counted.flatMap(({ name, tiling }) => (tiling ? [{ name, tiling }] : [])),
    failures,
  };
  if (options.report !== undefined) await writeReport(options.report, report, segmenter, pairs, options);
  return report;
}

async function count(segmenter: Segmenter, pair: Pair, options: EvaluateOptions): Promise<Outcome> {
  const name = basename(pair.image);
  try {
    const found = await compareWithTruth(segmenter, pair, options);
    const [first] = found.compared;
    const ignored = first?.truth.counted?.filter((counts) => counts === 0).length ?? 0;
    const { search, tiling } = found;
    const doubt = { ...(search && { search }), turnDoubt: await turnDoubt(pair, found) };
    const warnings = [
      ...found.warnings.map((warning) => `${name}: ${warning}`),
      ...found.truthWarnings.map((warning) => `${basename(pair.mask)}: ${warning}`),
    ];
    return { name, classes: confusionsOf(found), ignored, warnings, ...doubt, ...(tiling && { tiling }) };
  } catch (error) {
    const { code, message } = imageFault(error, options.signal);
    return { name, code, error: message };
  }
}

/** @throws NmodeError (BAD_USAGE) for one label or colour of truth where several classes are counted */
function refuseReading({ semantics, classes }: Segmenter, { model, ...reading }: EvaluateOptions): void {
  const { length } = maskLabelsOf(semantics, classes);
  const given = foregroundText(reading);
  if (length < 2 || given === undefined) return;
  throw new NmodeError(
    'BAD_USAGE',
    `${basename(model)}: it gives masks of ${length} classes, each counted against its own label of the truth: ${given} says one foreground`,
  );
}
