import type { SolverId } from '../../exporters/decoders/solvers.js';
import { crossEntropy, diceSemimetric, type Loss, weightedSum } from '../../graph/training/losses.js';

/** The solver where none is asked for; its steps are those that it was published with. */
export const SOLVER: SolverId = 'eed';

/** How it is fitted (docs/slimming.md has what else was tried). */
export const FITTING = {
  /** Of crops of half the side: a quarter of the work of whole images. */
  steps: 1200,
  /** Crops of a step. */
  batch: 8,
  /** The largest learning rate of the one cycle. */
  rate: 0.02,
  weightDecay: 1e-4,
  /** The share of the steps, at the end, that normalise by the running statistics, as the student will. */
  runningShare: 0.8,
  /** Steps from one look at the held-out images to the next; three times as many in the first half. */
  lookEvery: 100,
  /** The share of the steps without an improvement after which a training ends, only where it normalises as the student will. */
  patience: 0.5,
  /** Of the images, how many choose the best weights. */
  holdOut: 0.2,
  /** Views of each image that is trained on: itself, and varied ones. */
  views: 4,
  /** Of the targets where there are masks: how much of the ground truth is in them. */
  truthWeight: 0.5,
} as const;

/** What it minimises, with the teacher's probabilities as targets. */
export const LOSS: Loss = weightedSum([
  [1, crossEntropy],
  [1, diceSemimetric()],
]);

/** Below this agreement with its teacher, and beyond this fall of the DSC, no student is written. */
export const GATES = { minAgreement: 0.9, maxDscDrop: 0.02 } as const;
