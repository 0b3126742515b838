import type { Value } from '../../../graph/ir/value.js';
import type { Shapes, Weights } from '../../nn/weights.js';
import type { Arguments } from '../arguments/arguments.js';
import type { NamedArguments } from '../backbone.js';

/** What every network of MONAI is told. */
export interface Common {
  /** `spatial_dims`. */
  readonly axes: 2 | 3;
  /** `out_channels`. */
  readonly classes: number;
}

/** A network with nothing left open. */
export interface Definition {
  /** What each axis of space must be a multiple of; 1 where it takes any size. */
  readonly multiple: readonly number[];
  /** The tensors for the solver steps, shallow to deep. x [N, C, ...space]. */
  features(x: Value, weights: Weights): readonly Value[];
  /** [N, classes, ...space], before sigmoid or softmax. */
  logits(features: readonly Value[], weights: Weights): Value;
  /** Whether a key is one that its checkpoints hold and that nothing depends on at inference. */
  isSpare?(key: string): boolean;
  /** What tells it from others of its class, for the metadata. */
  readonly variant: Readonly<Record<string, string>>;
}

/** A class of MONAI's networks. */
export interface Architecture {
  readonly className: string;
  /** What it is called as well. */
  readonly aliases: readonly string[];
  /** The weight of its first convolution, in each of the ways that it is called. */
  readonly stems: readonly string[];
  /** Arguments without a default. */
  readonly required: readonly string[];
  /** Whether shapes are those of its encoder. */
  isIn(shapes: Shapes): boolean;
  /** What shapes tell of its arguments, `spatial_dims` and `in_channels` aside. */
  inferred(shapes: Shapes): NamedArguments;
  /** @throws NmodeError (BAD_USAGE, BAD_CHECKPOINT) for arguments that it has not */
  define(args: Arguments, common: Common): Definition;
}
