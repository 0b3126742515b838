import type { Assumption } from '../../graph/common/assumption.js';
import type { Recipe } from '../../graph/common/recipe.js';
import type { Tiling } from '../../runtime/images/courses/course.js';
import type { Cleaning } from '../../runtime/masks/components.js';
import type { ProviderReport } from '../../runtime/node/sessions/session.js';
import type { TruthReading } from '../../runtime/truth/truth.js';
import type { Failure } from '../files/pairs.js';
import { mean, median } from '../measuring/percentile.js';
import {
  type ClassConfusion,
  classMetrics,
  classWarnings,
  foregroundMetrics,
  imageDice,
} from './compare-classes.js';
import type { EvaluationReport } from './evaluation.js';
import { type CountedTruth, truthSummary, truthWarnings } from './truth-report.js';

/** An image that was counted. */
export interface Counted extends CountedTruth {
  readonly classes: readonly ClassConfusion[];
  /** Harmless faults of its files, one line each. */
  readonly warnings: readonly string[];
  readonly tiling?: Tiling;
}

/** How images were counted. */
export interface Counting {
  readonly at: 'network' | 'image';
  readonly threshold?: number;
  readonly cleaning: Required<Cleaning>;
  readonly reading: TruthReading;
  readonly recipe: Recipe;
  readonly session: ProviderReport;
  readonly assumed: readonly Assumption[];
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
