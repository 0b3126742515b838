import type { Backbone } from '../../exporters/backbones/backbone.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import type { Order } from '../../exporters/decoders/block.js';

import type { SolverChoices, SolverId } from '../../exporters/decoders/solvers.js';
import type { Activation } from '../../exporters/decoders/variant.js';
import type { Settings } from '../../exporters/nn/settings.js';
import type { IntensityWindow } from '../../graph/common/normalization.js';
import type { Background, Grey, Recipe } from '../../graph/common/recipe.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import type { AppliedHead } from '../../runtime/output-spec.js';
import type { TruthReading } from '../../runtime/truth/truth.js';

export interface SlimOptions
  extends Settings,
    KeySelection,
    TruthReading,
    Pick<SessionOptions, 'threads' | 'providers' | 'strict'> {
  /** A checkpoint that is known with a decoder of its own (.pth, .pt, .safetensors), or any .onnx file that takes one image. */
  readonly network: string;
  /** A folder of images like those that the network was trained on; nobody has to label them. */
  readonly images: string;
  /** Where the channels of an image are in files of their own, their patterns in that order, such as `{case}_0000.png`. */
  readonly inputs?: readonly string[];
  /** The .onnx file to write. */
  readonly output: string;

  /** Default `eed`. */
  readonly decoder?: SolverId;
  /** Of the decoder's solver; each has a default. */
  readonly solverOptions?: SolverChoices;
  /** Default `CR_B`; for ABM `C_R`. */
  readonly order?: Order;
  /** Channels of the decoder's state; default 3; for ABM twice the classes, 6 at least. */
  readonly stateChannels?: number;
  /** Side of the decoder's convolutions, odd; default 3; for ABM 1. */
  readonly kernel?: number;
  /** Between two steps; default `gelu`; for ABM `none`. */
  readonly activation?: Activation;

  /** Of an .onnx network, the tensors that the steps take, shallow to deep; default those that `proposeSkips` proposes. */
  readonly skips?: readonly string[];
  /** Of an .onnx network with several outputs, the one that masks are made of; default the first. */
  readonly outputName?: string;
  /** Of a checkpoint: as `exportModel` has them. */
  readonly key?: string;
  readonly backbone?: string | Backbone;
  readonly assume?: string;
  /** Of a checkpoint: inputs and outputs of its network, logits or probabilities, which its own is held against before anything is fitted. */
  readonly reference?: string;
  /** What the network ends in; needed for several classes of a checkpoint, and for logits of an .onnx network. */
  readonly head?: AppliedHead;
  readonly background?: Background;
  readonly classNames?: readonly string[];
  /** How images are prepared; default as the network says, or else the release's. */
  readonly recipe?: Partial<Recipe>;
  readonly window?: IntensityWindow;
  readonly grey?: Grey;
  /** What images are resized to; default as the network or the recipe says, or else 256 x 256. */
  readonly size?: { readonly height: number; readonly width: number };

  /** Masks of some of the images, `NAME.png` or as `evaluate` finds them: the student learns from these as well, and is held against them. */
  readonly masks?: string;
  /** How much of the truth is in what the student learns where there is a mask, 0 to 1; default 0.5. */
  readonly truthWeight?: number;

  /** How many steps are taken at most; default 1200. The same steps and seed give the same bytes on one machine with as many threads. */
  readonly steps?: number;
  /** In place of `steps`: about how long it trains, in minutes. */
  readonly minutes?: number;
  /** Images of a step; default 8. */
  readonly batch?: number;
  /** The largest learning rate; default 0.02. */
  readonly rate?: number;
  /** Of the first weights, the split and the order of images: a whole number from 0 on; default 0. */
  readonly seed?: number;
  /** Share of the images that choose the best weights; default 0.2. */
  readonly holdOut?: number;
  /** Also learn from views of each image: turned, mirrored, scaled, in another light; default true. */
  readonly augment?: boolean;
  /** The least agreement with the teacher that is written, mean DSC of masks; default 0.9. */
  readonly minAgreement?: number;
  /** With `masks`: how much less than the teacher's the student's DSC against truth may be; default 0.02. */
  readonly maxDscDrop?: number;
  /** Compare with the network in int8 as well; default true. */
  readonly int8?: boolean;
  /** Go on where an interrupted run of the same output ended. */
  readonly resume?: boolean;
  /** Write the student whatever the gates say, and of a network that has an nmODE decoder already. */
  readonly force?: boolean;
  /** An .html file to write: curves, figures, and pictures of the images that agree best and least. */
  readonly report?: string;
  /** A .safetensors file to write: the student's state dict in the release's keys, to be trained further in PyTorch. */
  readonly saveWeights?: string;

  /** Bytes of features that are held in memory; others are in a file. Default 250 MB. */
  readonly memoryBudget?: number;
  /** What is thrown is its reason; the state is kept for `resume`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SlimProgress) => void;
}

/** What a slimming is at. */
export type SlimProgress =
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
