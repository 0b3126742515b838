import { nmodeLogits } from '../../../exporters/assembly/build.js';
import type { NmodeDecoder } from '../../../exporters/decoders/nmode.js';
import { initialWeights } from '../../../exporters/grafting/initial-weights.js';
import { checkSettings, type Settings, SettingsInUse } from '../../../exporters/nn/settings.js';
import { Weights } from '../../../exporters/nn/weights.js';
import { at } from '../../../graph/common/at.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { input, type Value } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import type { Loss, TrainingHead } from '../../../graph/training/losses.js';
import type { Schedule } from '../../../graph/training/schedule.js';
import { type TrainingStep, trainingStep } from '../../../graph/training/step.js';
import type { TeacherSkip } from '../teacher/teacher.js';

/** A decoder that is fitted, and what it stands on. */
export interface Fitting {
  readonly decoder: NmodeDecoder;
  /** What its layers ask for that no weights tell. */
  readonly settings: Settings;
  readonly skips: readonly TeacherSkip[];
  /** The shapes of the features and the targets of one image. */
  readonly shapes: readonly (readonly number[])[];
  readonly classes: number;
  readonly head: TrainingHead;
  readonly seed: number;
  /** Images of a step. */
  readonly batch: number;
}

/** What the optimiser minimises, and how. */
export interface Optimisation {
  readonly loss: Loss;
  readonly rates: Schedule;
  readonly weightDecay: number;
}

/** The name of a feature among the inputs of a step. */
export const featureName = (index: number): string => `feature${index + 1}`;

/** The decoder on features in half precision, with the weights that the seed gives it. */
function logitsOf(fitting: Fitting): { readonly inputs: readonly Value[]; readonly logits: Value } {
  const { skips, shapes, decoder, classes, batch, seed } = fitting;
  const levels = skips.map(({ scale }, index) => {
    const [, ...sizes] = at(shapes, index);
    const half = input(featureName(index), 'float16', [batch, ...sizes]);
    return { half, skip: { value: cast(half, 'float32'), scale } };
  });
  const settings = new SettingsInUse(checkSettings(fitting.settings));
  const weights = Weights.from(initialWeights(seed), undefined, settings);
  return {
    inputs: levels.map(({ half }) => half),
    logits: nmodeLogits(
      levels.map(({ skip }) => skip),
      decoder,
      classes,
      weights,
    ),
  };
}

/** One step of the fitting: on the statistics of the batch, or on the running ones, as the student will be used. */
export function fittingStep(
  fitting: Fitting,
  { loss, ...optimizer }: Optimisation,
  statistics: 'batch' | 'running',
): TrainingStep {
  return trainingStep({ ...logitsOf(fitting), head: fitting.head, loss, optimizer, statistics });
}

/** The weights that a decoder begins with, by their keys. */
export function firstWeights(fitting: Omit<Fitting, 'shapes' | 'batch'>): ReadonlyMap<string, Tensor> {
  const source = initialWeights(fitting.seed);
  const taken = new Map<string, Tensor>();
  const settings = new SettingsInUse(checkSettings(fitting.settings));
  const weights = Weights.from(
    (key, dims) => {
      const tensor = source(key, dims);
      if (tensor !== undefined) taken.set(key, tensor);
      return tensor;
    },
    undefined,
    settings,
  );
  // Shapes of weights do not depend on those of images.
  const side = Math.max(...fitting.skips.flatMap(({ scale }) => scale));
  const levels = fitting.skips.map(({ channels, scale }, index) => ({
    value: input(featureName(index), 'float32', [1, channels, ...scale.map((factor) => side / factor)]),
    scale,
  }));
  nmodeLogits(levels, fitting.decoder, fitting.classes, weights);
  return taken;
}
