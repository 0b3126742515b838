import type { Assumption } from '../../graph/recipe/assumption.js';
import type { Recipe } from '../../graph/recipe/recipe.js';
import type { Tiling } from '../../runtime/images/courses/course.js';
import type { Cleaning } from '../../runtime/masks/components.js';
import type { Confusion, Metrics } from '../../runtime/masks/metrics.js';
import type { ProviderReport } from '../../runtime/node/sessions/session.js';
import type { TruthReading } from '../../runtime/truth/truth.js';
import type { ShardReport } from '../batch/shard-run.js';
import type { Failure } from '../files/pairs.js';
import { mean, median } from '../measuring/percentile.js';
import {
  type ClassConfusion,
  type ClassMetrics,
  classMetrics,
  classWarnings,
  foregroundMetrics,
  imageDice,
} from './compare-classes.js';
import { type CountedTruth, type TruthSummary, truthSummary, truthWarnings } from './truth-report.js';

export interface EvaluationReport extends Metrics {
  /** How many were counted. */
  readonly images: number;
  /** Pixels of all images together, which the metrics are of; of several classes, the sum over those that are no background. */
  readonly confusion: Confusion;
  /** Where there are several classes: each of them, the background last. The metrics above are their means without the background. */
  readonly classes?: readonly ClassMetrics[];
  /** Dice coefficients image by image; of several classes, the mean of those that are found or true in it, the background not among them. */
  readonly perImage: readonly { readonly name: string; readonly dsc: number }[];
  readonly meanDsc: number;
  readonly medianDsc: number;
  /** The size that was counted at: the network's input (as the release does) or each image's own. */
  readonly at: 'network' | 'image';
  /** Absent where classes exclude each other and the most probable one counts. */
  readonly threshold?: number;
  /** What was done to masks after the threshold. */
  readonly cleaning: Required<Cleaning>;
  readonly truth: TruthSummary;
  /**
   * What may be wrong although it was counted, one line each: harmless faults of files, values that no mask holds, masks that may not be
   * turned as their images.
   */
  readonly warnings: readonly string[];
  readonly recipe: Recipe;
  readonly provider: ProviderReport['effective'];
  /** The providers that were requested, and why any were skipped. */
  readonly session: ProviderReport;
  /** Assumptions about what neither the model nor the options specify. */
  readonly assumed: readonly Assumption[];
  /** Images without a mask, masks without an image, pairs that do not fit, images that cannot be read or segmented. */
  readonly failures: readonly Failure[];
  /** Images that were run in tiles, and how. */
  readonly tiled: readonly { readonly name: string; readonly tiling: Tiling }[];
  /** The shard that all of the above is about. */
  readonly shard?: ShardReport;
}

/** An image that was counted. */
export interface Counted extends CountedTruth {
  readonly classes: readonly ClassConfusion[];
  /** Harmless faults of its files, one line each. */
  readonly warnings: readonly string[];
  readonly tiling?: Tiling;
}

/** How images were counted. */
export interface Counting
  extends Pick<EvaluationReport, 'at' | 'threshold' | 'cleaning' | 'recipe' | 'session' | 'assumed'> {
  readonly reading: TruthReading;
}

/** What images that were counted come to. */
export function evaluationOf(
  { reading, session, at, threshold, cleaning, recipe, assumed }: Counting,
  counted: readonly Counted[],
  failures: readonly Failure[],
): EvaluationReport {
  const classes = classMetrics(counted.map((image) => image.classes));
  const perImage = counted.map((image) => ({ name: image.name, dsc: imageDice(image.classes) }));
  const scores = perImage.map(({ dsc }) => dsc);
  return {
    images: perImage.length,
    ...foregroundMetrics(classes),
    ...(classes.length > 1 && { classes }),
    perImage,
    meanDsc: mean(scores),
    medianDsc: median(scores),
    at,
    ...(threshold !== undefined && { threshold }),
    cleaning,
    truth: truthSummary(reading, counted),
    warnings: [
      ...counted.flatMap(({ warnings }) => warnings),
      ...truthWarnings(reading, counted),
      ...(classes.length > 1 ? classWarnings(classes) : []),
    ],
    recipe,
    provider: session.effective,
    session,
    assumed,
    tiled: counted.flatMap(({ name, tiling }) => (tiling ? [{ name, tiling }] : [])),
    failures,
  };
}
