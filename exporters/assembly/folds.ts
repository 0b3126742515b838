import { NmodeError } from '../../graph/common/errors.js';
import type { Checkpoint } from '../checkpoints/open.js';
import type { KeyView } from '../nn/key-views.js';
import type { SettingsInUse } from '../nn/settings.js';
import type { Weights } from '../nn/weights.js';
import { type Description, describe } from './describe.js';
import type { ExportPlan } from './export-plan.js';
import { detectIn, finishedIn, ignoredKeys, prefixIn, weightsIn } from './network-weights.js';

/** What a checkpoint holds of a network, once that is built of it. */
export interface FinishedWeights {
  /** Keys that were rounded to float32. */
  readonly narrowed: readonly string[];
  readonly prefix: string;
  /** Keys of the file that are not used. */
  readonly leftAside: readonly string[];
}

/** A checkpoint on its way into a network, alone or as one of its folds. */
export interface Fold {
  readonly checkpoint: Checkpoint;
  readonly description: Description;
  readonly weights: Weights;
  /** Where in the state dict it is. */
  readonly view: KeyView;
  /** @throws NmodeError (BAD_CHECKPOINT) for keys that are missing, misshapen or too many */
  finish(): FinishedWeights;
}

/**
 * Checkpoints of one network, trained on other parts of the data.
 * @throws NmodeError (BAD_CHECKPOINT) where they are not of one network; BAD_USAGE
 */
export function foldsOf(
  checkpoints: readonly Checkpoint[],
  { backbone, hints }: ExportPlan,
  settings: SettingsInUse,
): readonly Fold[] {
  const folds = checkpoints.map((checkpoint, index): Fold => {
    const detected = detectIn(checkpoint, backbone);
    const { view, network } = detected;
    const under = checkpoints.length === 1 ? '' : `folds.${index}.`;
    const weights = weightsIn(checkpoint, view, settings, under);
    return {
      ...{ checkpoint, weights, view, description: describe(checkpoint.file, detected, hints) },
      finish: () => {
        const { narrowed, unused } = finishedIn(checkpoint, view, network, weights);
        const leftAside = ignoredKeys(checkpoint, view, unused);
        return { narrowed, leftAside, prefix: prefixIn(checkpoint, view) };
      },
    };
  });
  const [first, ...others] = folds;
  const other = others.find(({ description }) => first && kindOf(description) !== kindOf(first.description));
  if (first !== undefined && other !== undefined) {
    throw new NmodeError(
      'BAD_CHECKPOINT',
      `${other.checkpoint.file}: it is not the network of ${first.checkpoint.file}: folds of one training are averaged`,
    );
  }
  return folds;
}

/** All that must be the same. */
const kindOf = ({ network, classes, decoder }: Description): string =>
  JSON.stringify([network.backbone, network.variant, classes, decoder.id, [...network.keys]]);
