import { at } from '../../graph/common/at.js';
import { badUsage, type NmodeError } from '../../graph/common/errors.js';
import { leastCommonMultiple } from '../../graph/common/multiples.js';
import { input as graphInput, type Value } from '../../graph/ir/value.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import type { Normalization } from '../../graph/recipe/normalization.js';
import type { Background, Sizing } from '../../graph/recipe/recipe.js';
import { isIgnored, keysOf, type Shapes, Weights, zeroWeights } from '../nn/weights.js';
import type { Preparation } from './preparation.js';

/** A feature of the encoder. */
export interface Skip {
  /** [N, C, ...space], where each axis of space is that of the input divided by its scale. */
  readonly value: Value;
  /** How many input pixels one of its pixels stands for, along each axis of space. */
  readonly scale: readonly number[];
}

export const valuesOf = (skips: readonly Skip[]): readonly Value[] => skips.map(({ value }) => value);

/** The decoder that a network was published with. */
export interface OwnDecoder {
  readonly classes: number;
  /** What the sizes of the image must be multiples of: of all axes of space, or of each. */
  readonly multiple: number | readonly number[];
  /** Its variant, where there are several: entries of the metadata. */
  readonly variant?: Readonly<Record<string, string>>;
  /** How its own training code prepares images, where that is known: a clause. */
  readonly trainedOn?: string;
  /** What follows the logits, where it is known. */
  readonly activation?: 'sigmoid' | 'softmax';
  /** The network's skips, shallow to deep, and its input -> [N, classes, H, W], before sigmoid or softmax. */
  logits(skips: readonly Skip[], weights: Weights, input: Value): Value;
  /** What it says of the whole image, [N, labels], where it does. */
  label?(skips: readonly Skip[], weights: Weights): Value;
}

/** Texts next to a checkpoint's weights, by their names. */
export type Extras = ReadonlyMap<string, string>;

/** Arguments that the class of a network was called with, by their names. */
export type NamedArguments = Readonly<Record<string, unknown>>;

/** An encoder of which every size is known. */
export interface NetworkDefinition {
  readonly backbone: string;
  readonly inputChannels: number;
  /** Axes of space: 2 for images (default), 3 for volumes [N, C, D, H, W]. */
  readonly axes?: 2 | 3;
  /** What height and width must be multiples of, where features are computed at coarser scales than their own. */
  readonly multiple?: number;
  /** The features, shallow to deep: each [N, C, H / scale, W / scale]. */
  features(input: Value, weights: Weights): readonly Value[];
  readonly own?: OwnDecoder;
  /** What tells it from others of its name: entries of the metadata. */
  readonly variant?: Readonly<Record<string, string>>;
  /** Beginnings of keys that its checkpoints may hold and that are not used: those of a classifier. */
  readonly ignoredPrefixes?: readonly string[];
  /** Whether a key is one that its checkpoints hold and that nothing of what it gives depends on. */
  isSpare?(key: string): boolean;
  /** How images were prepared for the weights that its training began with. */
  readonly normalization?: Normalization;
  /** What these weights are. */
  readonly normalizedFor?: string;
  /** What becomes of an image's size, where a file says so. */
  readonly sizing?: Sizing;
  /** Whether a file says how images are prepared. */
  readonly isRecipeSaid?: boolean;
  /** The sizes of space that it is mostly run at, where a file says so. */
  readonly usualSize?: readonly number[];
  /** What its classes are called, where a file says so. */
  readonly classNames?: readonly string[];
  /** The class that is no mask, where a file says so. */
  readonly background?: Background;
  /** What its library does to images before the network and behind it. @throws NmodeError (BAD_CHECKPOINT) for what is not known */
  preparation?(): Preparation;
  /** What a file says and something else may change, which no key shows. */
  readonly assumed?: readonly Assumption[];
  /** What a file says of the network's use and a model does not do, one sentence each. */
  readonly notes?: readonly string[];
  /** Who says what it is, for a message where keys are not its own: a clause with `which`. */
  readonly origin?: string;
  /** Whether a file says what it is, and so all that its code has. */
  readonly isSaid?: boolean;
  /** Why weights that do not fit are not its own: what is said of it, and what they tell. Undefined where that is not known. */
  contradiction?(): NmodeError | undefined;
}

/** What a decoder needs of an encoder, and what its checkpoints look like. */
export interface Network extends Omit<NetworkDefinition, 'features' | 'multiple'> {
  /** What each axis of space must be a multiple of there, where they differ; `stride` is one of all of them. */
  readonly strides?: readonly number[];
  /** Channels of each skip, shallow to deep. */
  readonly widths: readonly number[];
  /** The scale of each skip, shallow to deep. */
  readonly scales: readonly Skip['scale'][];
  /** Input sizes must be multiples of this where nmODE steps bring every level back to the input's resolution. */
  readonly stride: number;
  /** The encoder's weights by key. */
  readonly keys: Shapes;
  /** The features, shallow to deep. */
  skips(input: Value, weights: Weights): readonly Skip[];
}

export interface Backbone {
  readonly id: string;
  /** The ways in which checkpoints write its first key, where they are known without its network. */
  readonly stems?: readonly string[];
  /** Of the keys that its networks hold one weight under, that which they ask for; any other key is its own. */
  firstOf?(key: string): string;
  /** Whether its networks are distinguished by arguments. */
  readonly takesArguments?: boolean;
  /** Whether a checkpoint is one of this family, by the texts next to the weights or by its keys. */
  matches?(shapes: Shapes, extras: Extras): boolean;
  /**
   * The network with the sizes that a checkpoint's shapes tell, and its standard ones where they tell none.
   * @param extras the texts next to the weights
   * @param given arguments that a user gives
   */
  network(shapes: Shapes, extras?: Extras, given?: NamedArguments): Network;
  /** The network's standard form at another base width, where it has one. */
  ofWidth?(width: number): Network;
}

/** What puts networks together, and may do so with parts that are not known. */
export interface Library {
  /** A key that its networks have. */
  readonly mark: string;
  /** What of keys with that one is known, and what is not; undefined where all of it is, or none. */
  whyUnknown(shapes: Shapes): string | undefined;
}

/** Divided by any stride that there is, and so small that all elements can be counted: shapes are computed with it, nothing else. */
const trialSide = (axes = 2): number => (axes === 2 ? 2 ** 10 : 2 ** 8) * 3 * 5;

function trialInput({ inputChannels, axes = 2 }: Pick<Network, 'inputChannels' | 'axes'>): Value {
  return graphInput('input', 'float32', [1, inputChannels, ...Array(axes).fill(trialSide(axes))]);
}

/** A size for each axis of space. */
export const perAxis = (sizes: number | readonly number[], axes = 2): readonly number[] =>
  typeof sizes === 'number' ? Array(axes).fill(sizes) : sizes;

/** The least number that is a multiple of all. */
export const commonMultiple = (numbers: readonly number[]): number => numbers.reduce(leastCommonMultiple, 1);

/**
 * Completes a definition by what one construction of the encoder tells: widths, scales, keys.
 * @throws NmodeError (BAD_USAGE) where the features are no 1/n of the input, or not ordered from shallow to deep
 */
export function networkOf({ features, multiple = 1, ...definition }: NetworkDefinition): Network {
  let shapes: readonly Value['shape'][] = [];
  const keys = keysOf((weights) => {
    shapes = features(trialInput(definition), weights).map(({ shape }) => shape);
  });
  const widths = shapes.map(([, channels]) => Number(channels));
  const side = trialSide(definition.axes);
  const scales = shapes.map(([, , ...space]) => space.map((size) => side / Number(size)));
  const unscaled = perAxis(1, definition.axes);
  const isOrdered = scales.every((scale, index) => isBehind(scale, scales[index - 1] ?? unscaled));
  if (!isOrdered || scales.length === 0) {
    const texts = scales.map(scaleText).join(', ');
    const found = scales.length === 0 ? 'it has no feature' : `its features have the scales ${texts}`;
    throw badUsage(`backbone ${definition.backbone}: ${found}, expected whole scales from shallow to deep`);
  }
  const strides = unscaled.map((_, axis) =>
    commonMultiple([multiple, ...scales.map((scale) => at(scale, axis))]),
  );
  return {
    ...definition,
    widths,
    scales,
    stride: commonMultiple(strides),
    strides,
    keys,
    skips: (input, weights) =>
      features(input, weights).map((value, index) => ({ value, scale: at(scales, index) })),
  };
}

/** Whether a feature has whole scales, and none finer than the one before it. */
function isBehind(scale: readonly number[], before: readonly number[]): boolean {
  const isWhole = scale.length === before.length && scale.every(Number.isInteger);
  return isWhole && scale.every((factor, axis) => factor >= at(before, axis));
}

/** One number where all axes of space have it. */
function scaleText(scale: readonly number[]): string {
  return [...new Set(scale)].length === 1 ? String(scale[0]) : scale.join('x');
}

/** A size of a checkpoint's weight, or the standard one where there is no such weight. */
export function sizeIn(shapes: Shapes, key: string, axis: number, standard: number): number {
  return shapes.get(key)?.[axis] ?? standard;
}

/** Whether a key is none of `keys`, and none that a network's checkpoints may hold beside those. */
export const isStrange = ({ ignoredPrefixes, isSpare }: Network, keys: Shapes, key: string): boolean =>
  !keys.has(key) && !isIgnored(key, ignoredPrefixes) && !isSpare?.(key);

/** The strange keys in the modules of a network's own. */
export function surplusIn(network: Network, keys: Shapes, stored: Iterable<string>): readonly string[] {
  const rootOf = (key: string) => key.split('.', 1)[0];
  const roots = new Set(Array.from(keys.keys(), rootOf));
  return [...stored].filter((key) => roots.has(rootOf(key)) && isStrange(network, keys, key));
}

/** The weights of a network's own decoder, by key. */
export function ownKeys(network: Network, own: OwnDecoder): Shapes {
  const input = trialInput(network);
  const skips = network.skips(input, Weights.from(zeroWeights));
  return keysOf((weights) => {
    own.logits(skips, weights, input);
    own.label?.(skips, weights);
  });
}
