import { at } from '../../common/at.js';
import { float32Tensor, type Tensor } from '../../ir/tensor.js';
import { constant, type Value } from '../../ir/value.js';
import { reshape } from '../../ops/reshape.js';
import { transpose } from '../../ops/transpose.js';

/** Sizes of a convolution with a 3 x 3 filter, stride 1 and padding 1. */
export interface Layer {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
}

/** What such a convolution computes with. */
interface Operands {
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

export type Matrix = readonly (readonly number[])[];

/** Winograd's minimal filtering F(m, 3): m outputs of a filter of 3 by m + 2 products, y = A^T ((G g) (B^T d)), along one axis. */
interface Filtering {
  /** m: outputs of a tile. */
  readonly tile: number;
  /** m + 2: inputs of a tile, and products. */
  readonly window: number;
  /** B^T, [window, window]: inputs to their factors. */
  readonly input: Matrix;
  /** G, [window, 3]: a filter to its factors. */
  readonly filter: Matrix;
  /** A^T, [tile, window]: products to outputs. */
  readonly output: Matrix;
  /** Which product is of the point 1: all outputs of a tile hold it, once. */
  readonly one: number;
}

/**
 * Minimal filtering by the transposed algorithm of Cook and Toom at these points and infinity (Lavin and Gray, 2016, section 4): a row
 * of B^T holds the coefficients of the product of (x - q) over the other points q, and one of G has the filter's polynomial at the
 * point, over what that product is there.
 */
function filtering(points: readonly number[]): Filtering {
  const [window, tile] = [points.length + 1, points.length - 1];
  const others = points.map((point) => points.filter((other) => other !== point));
  const powers = (point: number, count: number) =>
    Array.from({ length: count }, (_, power) => point ** power);
  return {
    tile,
    window,
    input: [...others.map((roots) => [...polynomial(roots), 0]), polynomial(points)],
    filter: [
      ...points.map((point, place) => {
        const scale = at(others, place).reduce((product, other) => product * (point - other), 1);
        return powers(point, 3).map((power) => power / scale);
      }),
      [0, 0, 1],
    ],
    output: Array.from({ length: tile }, (_, row) => [
      ...points.map((point) => point ** row),
      row === tile - 1 ? 1 : 0,
    ]),
    one: points.indexOf(1),
  };
}

/** The coefficients of the polynomial with these roots, lowest power first. */
function polynomial(roots: readonly number[]): readonly number[] {
  let factors: readonly number[] = [1];
  for (const root of roots) {
    const before = factors;
    factors = [...before, 0].map(
      (factor, power) => (power === 0 ? 0 : at(before, power - 1)) - root * factor,
    );
  }
  return factors;
}

export const F4 = filtering([0, 1, -1, 2, -2]);

/**
 * Of the points whose B^T and A^T are exact in float32 these err least: 4 times as much as F(4, 3) along one axis, and 1.5 times as
 * much as that along both.
 */
export const F8 = filtering([0, 1, -1, 3 / 8, -3 / 8, 3 / 4, -3 / 4, 5 / 2, -5 / 2]);

/** The Kronecker product of a matrix with itself, row by row: the transform of both axes. */
export const ofBothAxes = (matrix: Matrix): Matrix =>
  matrix.flatMap((a) => matrix.map((b) => a.flatMap((x) => b.map((y) => x * y))));

/** A matrix as a constant of these sizes. */
export const matrixConstant = (matrix: Matrix, dims: readonly number[]): Value =>
  constant(float32Tensor(dims, Float32Array.from(matrix.flat())));

/** x as [batch, b, a, c]: of one image onnxruntime reads the values in the order that they are in, and moves none of them. */
export const exchanged = (x: Value, batch: number, [a, b, c]: readonly [number, number, number]): Value =>
  batch === 1
    ? transpose(reshape(x, [a, 1, b, c]), [1, 2, 0, 3])
    : transpose(reshape(x, [batch, a, b, c]), [0, 2, 1, 3]);

/** Tiles along an axis; the last may reach beyond it. */
export const tilesAlong = (size: number, tile: number): number => Math.ceil(size / tile);

/** One of padding before, and after it what the last tile reaches beyond the border. */
export const padsOf = (size: number, { tile }: Filtering) =>
  [1, 1 + tilesAlong(size, tile) * tile - size] as const;
