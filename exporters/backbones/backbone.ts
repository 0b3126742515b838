import { at } from '../../graph/common/at.js';
import { NmodeError } from '../../graph/common/errors.js';
import type { Normalization } from '../../graph/common/normalization.js';
import { input as graphInput, type Value } from '../../graph/ir/value.js';
import { keysOf, type Shapes, Weights, zeroWeights } from '../nn/weights.js';

/** A feature of the encoder. */
export interface Skip {
  /** [N, C, ...space], where each axis of space is that of the input divided by its scale. */
  readonly value: Value;
  /** How many input pixels one of its pixels stands for, along each axis of space. */
  readonly scale: readonly number[];
}

/** The decoder that a network was published with. */
export interface OwnDecoder {
  readonly classes: number;
  /** What height and width must be multiples of. */
  readonly multiple: number;
  /** Its variant, where there are several: entries of the metadata. */
  readonly variant?: Readonly<Record<string, string>>;
  /** What follows the logits, where it is known. */
  readonly activation?: 'sigmoid' | 'softmax';
  /** The network's skips, shallow to deep, and its input -> [N, classes, H, W], before sigmoid or softmax. */
  logits(skips: readonly Skip[], weights: Weights, input: Value): Value;
  /** What it says of the whole image, [N, labels], where it does. */
  label?(skips: readonly Skip[], weights: Weights): Value;
}

/** Texts that stand beside a checkpoint's weights, by their names. */
export type Extras = ReadonlyMap<string, string>;

/** Arguments that the class of a network was called with, by their names. */
export type NamedArguments = Readonly<Record<string, unknown>>;

/** An encoder of which every size is known. */
export interface NetworkDefinition {
  readonly backbone: string;
  readonly inputChannels: number;
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
  /** Whether a file says what it is, and so all that its code has. */
  readonly isSaid?: boolean;
}

/** What a decoder needs of an encoder, and what its checkpoints look like. */
export interface Network extends Omit<NetworkDefinition, 'features' | 'multiple'> {
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
  /** Whether its networks are told apart by arguments. */
  readonly takesArguments?: boolean;
  /** Whether a checkpoint is one of its, by what stands beside the weights or by its keys. */
  matches?(shapes: Shapes, extras: Extras): boolean;
  /**
   * The network with the sizes that a checkpoint's shapes tell, and its standard ones where they tell none.
   * @param extras what stands beside the weights
   * @param given arguments that a user gives
   */
  network(shapes: Shapes, extras?: Extras, given?: NamedArguments): Network;
  /** The network's standard form at another base width, where it has one. */
  ofWidth?(width: number): Network;
}

/** Large enough to be divided by any stride: shapes are computed with it, nothing else. */
const TRIAL_SIDE = 2 ** 16;

/** The input's own scale. */
const UNSCALED = [1, 1];

export function trialInput({ inputChannels }: Pick<Network, 'inputChannels'>): Value {
  return graphInput('input', 'float32', [1, inputChannels, TRIAL_SIDE, TRIAL_SIDE]);
}

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
  const scales = shapes.map(([, , ...space]) => space.map((size) => TRIAL_SIDE / Number(size)));
  const isOrdered = scales.every((scale, index) =>
    isBehind(scale, index === 0 ? UNSCALED : at(scales, index - 1)),
  );
  if (!isOrdered || scales.length === 0) {
    const found =
      scales.length === 0
        ? 'it has no feature'
        : `its features have the scales ${scales.map(scaleText).join(', ')}`;
    throw new NmodeError(
      'BAD_USAGE',
      `backbone ${definition.backbone}: ${found}, expected whole scales from shallow to deep`,
    );
  }
  return {
    ...definition,
    widths,
    scales,
    stride: Math.max(multiple, ...scales.flat()),
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

/** One number where all axes have it. */
function scaleText(scale: readonly number[]): string {
  return [...new Set(scale)].length === 1 ? String(scale[0]) : scale.join('x');
}

export const isSameScale = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((factor, axis) => factor === b[axis]);

/** A size of a checkpoint's weight, or the standard one where there is no such weight. */
export function sizeIn(shapes: Shapes, key: string, axis: number, standard: number): number {
  return shapes.get(key)?.[axis] ?? standard;
}

/** The weights of a network's own decoder, by key. */
export function ownKeys(network: Network, own: OwnDecoder): Shapes {
  const input = trialInput(network);
  const skips = network.skips(input, Weights.from(zeroWeights));
  return keysOf((weights) => own.logits(skips, weights, input));
}
