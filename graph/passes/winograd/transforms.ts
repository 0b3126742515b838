/**
 * Winograd's minimal filtering F(4, 3) (Lavin and Gray, 2016, section 4.3): 4 outputs of a filter of 3 by 6 products instead of
 * 12, from the points 0, 1, -1, 2, -2 and infinity. y = A^T ((G g) (B^T d)). This is B^T, of a window along one axis.
 */
export const INPUT: Matrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const FILTER: Matrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const OUTPUT: Matrix = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/** Outputs a side of a tile, inputs a side, and products of a tile. */
export const TILE = 4;
export const WINDOW = 6;
export const PRODUCTS = WINDOW * WINDOW;
/** Which product is of the point 1 along both axes: all outputs of a tile hold it, once. */
export const ONES = WINDOW + 1;

type Matrix = readonly (readonly number[])[];

/** The Kronecker product of a matrix with itself, row by row: the transform of both axes. */
function ofBothAxes(matrix: Matrix): Float64Array {
  return Float64Array.from(
    matrix.flatMap((a) => matrix.flatMap((b) => a.flatMap((x) => b.map((y) => x * y)))),
  );
}

/** [36, 6 x 6]: a window of the input to its 36 factors. */
export const inputTransform = (): Float64Array => ofBothAxes(INPUT);
/** [36, 3 x 3]: a filter to its 36 factors. */
export const filterTransform = (): Float64Array => ofBothAxes(FILTER);
/** [4 x 4, 36]: 36 products to the outputs of a tile. */
export const outputTransform = (): Float64Array => ofBothAxes(OUTPUT);
