import type { Shapes } from '../../nn/weights.js';
import type { Arguments } from '../arguments/arguments.js';
import type { Common, Definition } from '../arguments/definition.js';
import type { NamedArguments } from '../backbone.js';

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
