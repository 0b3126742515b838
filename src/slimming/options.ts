import { basename, dirname } from 'node:path';
import { describeNmode } from '../../exporters/assembly/describe.js';
import type { Backbone } from '../../exporters/backbones/backbone.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { BLOCKS, type Order } from '../../exporters/decoders/block.js';
import type { NmodeDecoder } from '../../exporters/decoders/nmode.js';
import {
  publishedForm,
  SOLVER_IDS,
  type SolverChoices,
  type SolverId,
} from '../../exporters/decoders/solvers.js';
import type { Activation } from '../../exporters/decoders/variant.js';
import { checkSettings, SETTING_NAMES, type Settings } from '../../exporters/nn/settings.js';
import { badUsage } from '../../graph/common/errors.js';
import type { IntensityWindow } from '../../graph/common/normalization.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import type { Background, Grey, Recipe } from '../../graph/common/recipe.js';
import { candidates } from '../../runtime/node/sessions/providers.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import type { AppliedHead } from '../../runtime/output-spec.js';
import { checkReading, type TruthReading } from '../../runtime/truth/truth.js';
import { FITTING, GATES, SOLVER } from './defaults.js';
import { checkTypes } from './option-types.js';

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
  /** Default `CR_B`; of ABM `C_R`. */
  readonly order?: Order;
  /** Channels of the decoder's state; default 3; of ABM twice the classes, 6 at least. */
  readonly stateChannels?: number;
  /** Side of the decoder's convolutions, odd; default 3; of ABM 1. */
  readonly kernel?: number;
  /** Between two steps; default `gelu`; of ABM `none`. */
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

/** What is asked for, checked and completed. */
export interface SlimPlan {
  readonly decoder: NmodeDecoder;
  readonly settings: Settings;
  readonly session: SessionOptions;
  readonly seed: number;
  readonly batch: number;
  readonly rate: number;
  readonly holdOut: number;
  readonly views: number;
  readonly truthWeight: number;
  readonly reading: TruthReading;
  readonly gates: { readonly minAgreement: number; readonly maxDscDrop: number };
  readonly budget: number;
  /** The folder of the output. */
  readonly folder: string;
}

/** Bytes of features in memory. */
const DEFAULT_BUDGET = 250e6;

/** Fewer steps make no cycle of the learning rate; more rates do not stand in a graph. */
export const [MIN_STEPS, MAX_STEPS] = [7, 2 ** 20];

const MAX_BATCH = 1024;

/**
 * @param classes of the network, once they are known
 * @throws NmodeError (BAD_USAGE) for options that make no sense
 */
export function planSlim(options: SlimOptions, classes = 1): SlimPlan {
  checkTypes(options);
  checkEndings(options);
  candidates(options.providers ?? ['cpu'], options.strict ?? false);
  const { seed = 0, steps, minutes, holdOut = FITTING.holdOut, rate = FITTING.rate } = options;
  const { batch = FITTING.batch, truthWeight = FITTING.truthWeight, masks } = options;
  const { minAgreement = GATES.minAgreement, maxDscDrop = GATES.maxDscDrop } = options;
  const whole = (name: string, value: number, from: number, to: number) => {
    if (Number.isSafeInteger(value) && value >= from && value <= to) return;
    throw badUsage(`${option(name, value)}, expected a whole number from ${from} to ${to}`);
  };
  const share = (name: string, value: number) => {
    if (!(Number.isFinite(value) && value >= 0 && value <= 1))
      throw badUsage(`${option(name, value)}, expected a number from 0 to 1`);
  };
  const positive = (name: string, value: number) => {
    if (!(Number.isFinite(value) && value > 0))
      throw badUsage(`${option(name, value)}, expected a number above 0`);
  };
  whole('seed', seed, 0, 2 ** 31 - 1);
  whole('batch', batch, 1, MAX_BATCH);
  if (steps !== undefined) whole('steps', steps, MIN_STEPS, MAX_STEPS);
  if (minutes !== undefined) positive('minutes', minutes);
  positive('rate', rate);
  for (const [name, value] of Object.entries({ truthWeight, minAgreement, maxDscDrop })) share(name, value);
  if (steps !== undefined && minutes !== undefined) {
    throw badUsage(`${option('steps')} and ${option('minutes')} both say how long it trains: give one`);
  }
  const ofMasks = ['truthWeight', 'maxDscDrop', 'truthLabel', 'truthColour', 'ignoreLabel'] as const;
  const idle = masks === undefined ? ofMasks.find((name) => options[name] !== undefined) : undefined;
  if (idle !== undefined) throw badUsage(`${option(idle)} has a meaning with ${option('masks')} alone`);
  const reading = pick(options, ['truthLabel', 'truthColour', 'ignoreLabel']);
  checkReading(reading);
  return {
    decoder: decoderOf(options, classes),
    settings: checkSettings(pick(options, SETTING_NAMES)),
    session: pick(options, ['threads', 'providers', 'strict']),
    ...{ seed, batch, rate, holdOut, truthWeight, reading, gates: { minAgreement, maxDscDrop } },
    views: options.augment === false ? 1 : FITTING.views,
    budget: options.memoryBudget ?? DEFAULT_BUDGET,
    folder: dirname(options.output),
  };
}

/** Files are told apart by their endings. */
const ENDINGS = {
  output: { expected: 'a model is an .onnx file', ending: /\.onnx$/i },
  saveWeights: { expected: 'a state dict is a .safetensors file', ending: /\.safetensors$/i },
  report: { expected: 'a report is an .html file', ending: /\.html?$/i },
} as const;

function checkEndings(options: SlimOptions): void {
  for (const name of ['output', 'saveWeights', 'report'] as const) {
    const path = options[name];
    const { expected, ending } = ENDINGS[name];
    if (path !== undefined && !ending.test(path)) throw badUsage(`${path}: ${expected}`);
  }
}

/** A decoder beyond these is none that any encoder needs. */
const [MAX_KERNEL, MAX_CHANNELS] = [15, 512];

function decoderOf(options: SlimOptions, classes: number): NmodeDecoder {
  const { decoder = SOLVER, solverOptions } = options;
  const fits = (name: string, value: unknown, isFit: boolean, expected: string) => {
    if (!isFit) throw badUsage(`${option(name, String(value))}, expected ${expected}`);
  };
  const isWhole = (value: number, most: number) => Number.isSafeInteger(value) && value >= 1 && value <= most;
  fits('decoder', decoder, SOLVER_IDS.includes(decoder), SOLVER_IDS.join(' or '));
  const form = publishedForm(decoder);
  const { order = form.order, kernel = form.kernel, activation = form.activation } = options;
  const { stateChannels = form.stateChannels(classes) } = options;
  fits('order', order, Object.hasOwn(BLOCKS, order), Object.keys(BLOCKS).join(' or '));
  fits(
    'kernel',
    kernel,
    isWhole(kernel, MAX_KERNEL) && kernel % 2 === 1,
    `an odd number from 1 to ${MAX_KERNEL}`,
  );
  fits(
    'stateChannels',
    stateChannels,
    isWhole(stateChannels, MAX_CHANNELS),
    `a whole number from 1 to ${MAX_CHANNELS}`,
  );
  const hints = { decoder, activation, ...(solverOptions && { solverOptions }) };
  return describeNmode(basename(options.network), { order, kernel, stateChannels }, [decoder], hints);
}
