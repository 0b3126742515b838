import { convTranspose } from '../../ops/conv-transpose.js';
import { reshape, sliceAxis } from '../../ops/layout.js';
import { float32Tensor } from '../../tensor.js';
import { constant, type Value } from '../../value.js';
import type { Layer } from './layer.js';
import { outputTransform, PRODUCTS, TILE } from './transforms.js';

/** Tiles along an axis; the last may reach beyond it. */
export const tilesAlong = (size: number): number => Math.ceil(size / TILE);

/** One of padding before, and after it what the last tile reaches beyond the border. */
export const padsOf = (size: number) => [1, 1 + tilesAlong(size) * TILE - size] as const;

/** [N, outputs, H, W] from the products of tiles. These do not overlap, so one plane is made that has all outputs below each other. */
export function tilesOf(products: Value, { batch, outputs, height, width }: Layer): Value {
  const [rows, columns] = [tilesAlong(height), tilesAlong(width)];
  const planes = reshape(products, [batch, PRODUCTS, outputs * rows, columns]);
  const tiles = constant(float32Tensor([PRODUCTS, 1, TILE, TILE], tileFilters()));
  const pads = [0, 0, 0, columns * TILE - width];
  const joined = convTranspose(planes, tiles, undefined, { strides: [TILE, TILE], pads });
  const whole = reshape(joined, [batch, outputs, rows * TILE, width]);
  return rows * TILE === height ? whole : sliceAxis(whole, 2, 0, height);
}

/** The output transform as filters of a transposed convolution, [36, 4 x 4]. */
function tileFilters(): Float32Array {
  const transform = outputTransform();
  const places = TILE * TILE;
  return Float32Array.from(
    { length: PRODUCTS * places },
    (_, at) => transform[(at % places) * PRODUCTS + Math.floor(at / places)] ?? 0,
  );
}
