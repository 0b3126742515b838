import type { Value } from '../../graph/value.js';
import type { Weights } from '../weights.js';

/** The shapes of a state dict, by key. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** A feature of the encoder. */
export interface Skip {
  /** [N, C, H / scale, W / scale] */
  readonly value: Value;
  /** How many input pixels one of its pixels stands for, along each axis. */
  readonly scale: number;
}

/** An encoder whose configuration is known; what a decoder needs of it. */
export interface Network {
  readonly backbone: string;
  readonly inputChannels: number;
  /** Channels of each level's feature, shallow to deep. */
  readonly widths: readonly number[];
  /** Input sizes must be multiples of this where nmODE steps bring every level back to the input's resolution. */
  readonly stride: number;
  /** The features, shallow to deep. */
  skips(input: Value, weights: Weights): readonly Skip[];
  /** The network's own decoder on these features, up to where the head takes over. [N, C, H, W]. */
  decode(skips: readonly Skip[], weights: Weights, upsampling: Upsampling): Value;
}

/** How the network's own decoder doubles its resolution. */
export type Upsampling = 'bilinear' | 'transposed';

export interface Backbone {
  readonly id: string;
  /** Reads the configuration off a checkpoint; undefined where it is another network's. */
  detect(shapes: Shapes): Network | undefined;
  /** The network's standard form at a base width. */
  ofWidth(width: number): Network;
}
