import { withReceptiveField } from '../../graph/analysis/reach.js';
import type { Model } from '../../graph/ir/model.js';
import { LEVELS, type Level } from '../../graph/passes/optimize.js';
import { PRECISIONS, type Precision } from './precision.js';

/** The key of `metadata_props` that says what was done, as JSON. */
export const OPTIMIZED_KEY = 'nmode.optimized';

/** What was done to a model since it was built. */
export interface OptimizationMetadata {
  readonly level: Level;
  readonly precision: Precision;
  /** With `int8`: the convolutions that stay in float since they are sensitive, and those that do since they are faster so. */
  readonly float?: readonly string[];
  readonly winograd?: readonly string[];
}

const UNTOUCHED: OptimizationMetadata = { level: 'none', precision: 'fp32' };

/** What a model says was done to it; nothing where it says nothing that is understood. */
export function optimizationMetadataOf({ metadata }: Model): OptimizationMetadata {
  try {
    const { level, precision, float, winograd } = JSON.parse(metadata.get(OPTIMIZED_KEY) ?? '{}');
    if (!LEVELS.includes(level) || !PRECISIONS.includes(precision)) return UNTOUCHED;
    const kept = { ...(Array.isArray(float) && { float }), ...(Array.isArray(winograd) && { winograd }) };
    return { level, precision, ...kept };
  } catch {
    return UNTOUCHED;
  }
}

/** Both, one after the other: a model stays as far rewritten and as low in precision as it was. */
export function followedBy(before: OptimizationMetadata, now: OptimizationMetadata): OptimizationMetadata {
  const level = LEVELS.indexOf(now.level) > LEVELS.indexOf(before.level) ? now.level : before.level;
  return { ...(now.precision === 'fp32' ? before : now), level };
}

/** The model, which says what was done to it. */
export function withOptimizationMetadata(model: Model, done: OptimizationMetadata): Model {
  if (done.level === 'none' && done.precision === 'fp32') return model;
  const metadata = new Map([...model.metadata, [OPTIMIZED_KEY, JSON.stringify(done)]]);
  return withReceptiveField({ ...model, metadata });
}
