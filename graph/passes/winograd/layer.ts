import type { Tensor } from '../../tensor.js';
import type { Value } from '../../value.js';

/** Sizes of a convolution with a 3 x 3 filter, stride 1 and padding 1. */
export interface Layer {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
}

/** What such a convolution computes with. */
export interface Operands {
  /** [N, channels, H, W] */
  readonly x: Value;
  /** [1, 36, outputs, channels]: the transformed filters. */
  readonly filters: Value;
  /** [outputs] */
  readonly bias?: Tensor;
  /** Stores what is made of the bias, under its name. */
  readonly stored: (bias: Tensor) => Value;
}

/** Computes [N, outputs, H, W], bias included. */
export type Form = (operands: Operands, layer: Layer) => Value;
