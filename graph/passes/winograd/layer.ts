import type { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';

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
  /** The filters, as the algorithm transforms them. */
  readonly filters: Value;
  /** [outputs] */
  readonly bias?: Tensor;
  /** Stores what is made of the bias, under its name. */
  readonly stored: (bias: Tensor) => Value;
}

/** A way to compute such a convolution with fewer products. */
export interface Algorithm {
  /** Outputs of a tile along each axis. */
  readonly tile: readonly [rows: number, columns: number];
  /** Of a tile, for each pair of an input and an output channel. */
  readonly products: number;
  /** Of the filter, that each product is a convolution with: 3 along an axis that is not transformed. */
  readonly taps: number;
  /** Transformed filters as an expression of stored ones, [outputs, channels, 3, 3], which runtimes compute once. */
  readonly filters: (weight: Value, layer: Layer) => Value;
  /** Transformed filters to store. */
  readonly storedFilters?: (weight: Tensor) => Tensor;
  /** [N, outputs, H, W], bias included. */
  readonly convolved: (operands: Operands, layer: Layer) => Value;
}
