import { nmodeLogits } from '../../../exporters/assembly/build.js';
import type { NmodeDecoder } from '../../../exporters/decoders/nmode.js';
import { initialWeights } from '../../../exporters/grafting/initial-weights.js';
import { type Settings, SettingsInUse } from '../../../exporters/nn/settings.js';
import { type TensorSource, Weights } from '../../../exporters/nn/weights.js';
import { at } from '../../../graph/common/at.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { input, type Value } from '../../../graph/ir/value.js';
import { cast } from '../../../graph/ops/cast.js';
import type { TrainingHead } from '../../../graph/training/losses.js';
import type { Schedule } from '../../../graph/training/schedule.js';
import { type TrainingStep, trainingStep } from '../../../graph/training/step.js';
import { FITTING, LOSS } from '../defaults.js';
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

/** The name of a feature among the inputs of a step. */
export const featureName = (index: number): string => `feature${index + 1}`;

/** The decoder on features in half precision, with the weights that the seed gives it. */
function logitsOf(fitting: Fitting): { readonly inputs: readonly Value[]; readonly logits: Value } {
  const { skips, shapes, decoder, classes, batch, seed } = fitting;
  const inputs = skips.map((_, index) =>
    input(featureName(index), 'float16', [batch, ...at(shapes, index).slice(1)]),
  );
  const levels = inputs.map((half, index) => ({
    value: cast(half, 'float32'),
    scale: at(skips, index).scale,
  }));
  const weights = Weights.from(initialWeights(seed), undefined, new SettingsInUse(fitting.settings));
  return { inputs, logits: nmodeLogits(levels, decoder, classes, weights) };
}

/** One step of the fitting: on the statistics of the batch, or on the running ones, as the student will be used. */
export function fittingStep(
  fitting: Fitting,
  rates: Schedule,
  statistics: 'batch' | 'running',
): TrainingStep {
  const optimizer = { rates, weightDecay: FITTING.weightDecay };
  return trainingStep({ ...logitsOf(fitting), head: fitting.head, loss: LOSS, optimizer, statistics });
}

/** The weights that a decoder begins with, by their keys. */
export function firstWeights(fitting: Omit<Fitting, 'shapes' | 'batch'>): ReadonlyMap<string, Tensor> {
  const source = initialWeights(fitting.seed);
  const taken = new Map<string, Tensor>();
  const taking: TensorSource = (key, dims) => {
    const tensor = source(key, dims);
    if (tensor !== undefined) taken.set(key, tensor);
    return tensor;
  };
  const weights = Weights.from(taking, undefined, new SettingsInUse(fitting.settings));
  // Shapes of weights do not depend on those of images.
  const side = Math.max(...fitting.skips.flatMap(({ scale }) => scale));
  const levels = fitting.skips.map(({ channels, scale }, index) => ({
    value: input(featureName(index), 'float32', [1, channels, ...scale.map((factor) => side / factor)]),
    scale,
  }));
  nmodeLogits(levels, fitting.decoder, fitting.classes, weights);
  return taken;
}
