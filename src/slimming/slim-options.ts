import type { Backbone } from '../../exporters/backbones/backbone.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import type { Order } from '../../exporters/decoders/block.js';

import type { SolverChoices, SolverId } from '../../exporters/decoders/solvers.js';
import type { Activation } from '../../exporters/decoders/variant.js';
import type { Settings } from '../../exporters/nn/settings.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import type { IntensityWindow } from '../../graph/recipe/normalization.js';
import type { Background, Grey, Recipe } from '../../graph/recipe/recipe.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import type { AppliedHead } from '../../runtime/output-spec.js';
import type { TruthReading } from '../../runtime/truth/truth.js';

export interface SlimOptions
  extends Settings,
    KeySelection,
    TruthReading,
    Pick<SessionOptions, 'threads' | 'providers' | 'strict'> {
  /** A known checkpoint with its own decoder (.pth, .pt, .safetensors), or any .onnx file with one image input. */
  readonly network: string;
  /** A folder of unlabelled images like those that the network was trained on. */
  readonly images: string;
  /** If each channel is a file: one pattern per channel in channel order, such as `{case}_0000.png`. */
  readonly inputs?: readonly string[];
  /** The .onnx file to write. */
  readonly output: string;

  /** Default `eed`. */
  readonly decoder?: SolverId;
  /** Options of the decoder's solver; each has a default. */
  readonly solverOptions?: SolverChoices;
  /** Default `CR_B`; for ABM `C_R`. */
  readonly order?: Order;
  /** Channels of the decoder's state; default 3; for ABM twice the classes, 6 at least. */
  readonly stateChannels?: number;
  /** Side of the decoder's convolutions, odd; default 3; for ABM 1. */
  readonly kernel?: number;
  /** Between two steps; default `gelu`; for ABM `none`. */
  readonly activation?: Activation;

  /** For an .onnx network: the tensors for the solver steps, shallow to deep. Default: as `proposeSkips` proposes. */
  readonly skips?: readonly string[];
  /** For an .onnx network with several outputs: the output with the masks. Default: the first. */
  readonly outputName?: string;
  /** For a checkpoint: as for `exportModel`. */
  readonly key?: string;
  readonly backbone?: string | Backbone;
  readonly assume?: string;
  /** For a checkpoint: inputs and outputs (logits or probabilities) that verify its network before training. */
  readonly reference?: string;
  /** Head of the network; required for several classes of a checkpoint, and for logits of an .onnx network. */
  readonly head?: AppliedHead;
  readonly background?: Background;
  readonly classNames?: readonly string[];
  /** Preprocessing. Default: the network's own, or else the release's. */
  readonly recipe?: Partial<Recipe>;
  readonly window?: IntensityWindow;
  readonly grey?: Grey;
  /** Size to which images are resized. Default: that of the network or recipe, or else 256 x 256. */
  readonly size?: { readonly height: number; readonly width: number };

  /** Ground-truth masks of some of the images, named as for `evaluate`, for training and evaluation. */
  readonly masks?: string;
  /** Weight of the ground truth in the training targets, 0 to 1. Default: 0.5. */
  readonly truthWeight?: number;

  /** Maximum number of training steps. Default: 1200. The same steps and seed give the same bytes on one machine with the same number of threads. */
  readonly steps?: number;
  /** Instead of `steps`: approximate training time in minutes. */
  readonly minutes?: number;
  /** Training batch size. Default: 8. */
  readonly batch?: number;
  /** Peak learning rate. Default: 0.02. */
  readonly rate?: number;
  /** Random seed of the initial weights, the split and the order of images: a whole number of at least 0. Default: 0. */
  readonly seed?: number;
  /** Fraction of the images that selects the best weights. Default: 0.2. */
  readonly holdOut?: number;
  /** Train on augmented views too: rotated, mirrored, scaled, changed in brightness. Default: true. */
  readonly augment?: boolean;
  /** Lowest agreement with the teacher (mean DSC of masks) at which the student is written. Default: 0.9. */
  readonly minAgreement?: number;
  /** With `masks`: largest loss of DSC against ground truth relative to the teacher. Default: 0.02. */
  readonly maxDscDrop?: number;
  /** Compare with the network in int8. Default: true. */
  readonly int8?: boolean;
  /** Resume an interrupted run with the same output. */
  readonly resume?: boolean;
  /** Write the student regardless of its figures, and accept a network that already has an nmODE decoder. */
  readonly force?: boolean;
  /** An .html file to write: curves, figures, and pictures of the images that agree best and least. */
  readonly report?: string;
  /** A .safetensors file to write: the student's state dict with the release's keys, for further training in PyTorch. */
  readonly saveWeights?: string;

  /** Bytes of features in memory; the rest is in a file. Default: 250 MB. */
  readonly memoryBudget?: number;
  /** Aborts the training, which throws its reason; the state is kept for `resume`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SlimProgress) => void;
}

/** What a slimming is at. */
export type SlimProgress =
  /** Before anything is trained: how the teacher takes images, and what is assumed. */
  | { readonly phase: 'teacher'; readonly recipe: Recipe; readonly assumed: readonly Assumption[] }
  | { readonly phase: 'images' | 'features' | 'figures'; readonly done: number; readonly total: number }
  | {
      readonly phase: 'fitting';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** On the held-out images, when they were last looked at. */
      readonly agreement?: number;
      readonly secondsLeft: number;
    };
