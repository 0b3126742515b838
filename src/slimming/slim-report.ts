import type { SolverId } from '../../exporters/decoders/solvers.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import type { Recipe } from '../../graph/recipe/recipe.js';
import type { Failure } from '../files/pairs.js';

/** DSC image by image. */
export interface Scores {
  readonly perImage: readonly { readonly name: string; readonly dsc: number }[];
  readonly mean: number;
  readonly median: number;
  readonly worst: number;
}

export interface TruthScores extends Scores {
  /** Of the pixels of all images together; of several classes, their mean. */
  readonly dsc: number;
}

/** How a model's masks are. */
export interface MaskFigures {
  /** With the teacher's masks; absent of the teacher itself. */
  readonly agreement?: Scores;
  /** With ground truth, of the images that have some. */
  readonly truth?: TruthScores;
}

/** What a model costs, and how its masks are. */
export interface ModelFigures extends MaskFigures {
  /** Trained numbers. */
  readonly parameters: number;
  /** Multiply-adds of one run; absent where operators are not known. */
  readonly macs?: number;
  /** Size of the .onnx file. */
  readonly bytes: number;
  /** The median latency of one image, measured in turn with the other models. */
  readonly milliseconds: number;
}

/** What was found at the held-out images after so many steps. */
export interface HeldOutLook {
  readonly step: number;
  /** Mean over images of the DSC of the student's masks with the teacher's. */
  readonly agreement: number;
  /** Mean over images of the divergence of the student's probabilities from the teacher's, in nats a pixel: the least chooses the weights. */
  readonly divergence: number;
}

/** The result of `slim`. Figures are those of the test images, unless stated otherwise. */
export interface SlimReport {
  /** The file of the network that was slimmed. */
  readonly network: string;
  /** The student's. */
  readonly output: string;
  readonly decoder: SolverId;
  /** What was frozen, in words: the backbone, and the tensors that the decoder takes. */
  readonly encoder: string;
  /** Number of trained parameters: those of the decoder. */
  readonly fitted: number;
  /** Number of training, held-out and test images. */
  readonly images: { readonly train: number; readonly heldOut: number; readonly test: number };
  /** Groups of near-duplicates, by their names; each is in one of these parts. */
  readonly duplicates: readonly (readonly string[])[];
  /** Images that cannot be read, and masks that belong to no image or to one of several. */
  readonly failures: readonly Failure[];
  readonly recipe: Recipe;
  /** What neither the network nor the options say, and what was taken for it. */
  readonly assumed: readonly Assumption[];

  readonly seed: number;
  /** How many steps were taken. */
  readonly steps: number;
  /** The step behind which the decoder normalises by its running statistics, as the student does. */
  readonly runningFrom: number;
  /** The step whose weights were selected. */
  readonly bestStep: number;
  /** One per step. */
  readonly losses: readonly number[];
  /** On the images that choose the weights: those of the least divergence are kept. */
  readonly looks: readonly HeldOutLook[];
  /** From the first image to the last step, of all runs where there were several. */
  readonly seconds: number;
  readonly threads: number;

  readonly teacher: ModelFigures;
  readonly student: ModelFigures;
  /** The alternative: the teacher itself in int8; absent where it cannot be had. */
  readonly teacherInt8?: ModelFigures;
  /** The student on the held-out images, which selected its weights: an optimistic figure. */
  readonly heldOut: MaskFigures;
  readonly versions: Readonly<Record<'nmode' | 'node' | 'onnxruntime', string>>;
  /** What was skipped or assumed when the images were read, one line each. */
  readonly warnings: readonly string[];
  /** Notes, one line each. */
  readonly notes: readonly string[];
}
