import { at } from '../../common/at.js';
import { computed, float32Values, type Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { conv } from '../../ops/conv.js';
import { convTranspose } from '../../ops/conv-transpose.js';
import { add } from '../../ops/elementwise.js';
import { matMul } from '../../ops/matmul.js';
import { reshape } from '../../ops/reshape.js';
import { sliceAxis } from '../../ops/slice.js';
import { transpose } from '../../ops/transpose.js';
import {
  type Algorithm,
  exchanged,
  F4,
  type Layer,
  matrixConstant,
  ofBothAxes,
  padsOf,
  tilesAlong,
} from './transforms.js';

const { tile: TILE, window: WINDOW } = F4;
const PRODUCTS = WINDOW ** 2;

/** F(4 x 4, 3 x 3), channels as planes of their own: a convolution with the stride of a tile makes the factors of its windows. */
export const planes: Algorithm = byPlanes(factorsOf);

/** The same, rows before columns: fewer products, and one more pass over memory. */
export const separable: Algorithm = byPlanes(factorsByAxis);

/** 36 matrix products over the channels for 16 outputs instead of 144 multiplications, and a transposed convolution that makes tiles. */
function byPlanes(factorsIn: (x: Value, layer: Layer) => Value): Algorithm {
  return {
    tile: [TILE, TILE],
    products: PRODUCTS,
    taps: 1,
    filters: filtersOf,
    storedFilters,
    convolved({ x, filters, bias, stored }, layer) {
      const { batch, channels, outputs, height, width } = layer;
      const tiles = tilesAlong(height, TILE) * tilesAlong(width, TILE);
      const factors = factorsIn(reshape(x, [batch * channels, 1, height, width]), layer);
      const byProduct = exchanged(factors, batch, [channels, PRODUCTS, tiles]);
      const y = tilesOf(matMul(filters, byProduct), layer);
      return bias === undefined ? y : add(y, stored({ ...bias, dims: [outputs, 1, 1] }));
    },
  };
}

/** [N C, 36, rows, columns] of tiles from planes [N C, 1, H, W]. */
function factorsOf(x: Value, { height, width }: Layer): Value {
  const windows = matrixConstant(ofBothAxes(F4.input), [PRODUCTS, 1, WINDOW, WINDOW]);
  const [[top, bottom], [left, right]] = [padsOf(height, F4), padsOf(width, F4)];
  return conv(x, windows, undefined, { strides: [TILE, TILE], pads: [top, left, bottom, right] });
}

/** The same, rows first: [N C, 6, rows, W], and then the columns of each. */
function factorsByAxis(x: Value, { batch, channels, height, width }: Layer): Value {
  const [[top, bottom], [left, right]] = [padsOf(height, F4), padsOf(width, F4)];
  const down = matrixConstant(F4.input, [WINDOW, 1, WINDOW, 1]);
  const along = matrixConstant(F4.input, [WINDOW, 1, 1, WINDOW]);
  const rows = conv(x, down, undefined, { strides: [TILE, 1], pads: [top, 0, bottom, 0] });
  const each = reshape(rows, [batch * channels * WINDOW, 1, tilesAlong(height, TILE), width]);
  return conv(each, along, undefined, { strides: [1, TILE], pads: [0, left, 0, right] });
}

/** [N, outputs, H, W] from the products of tiles. These do not overlap, so one plane is made that has all outputs below each other. */
function tilesOf(products: Value, { batch, outputs, height, width }: Layer): Value {
  const [rows, columns] = [tilesAlong(height, TILE), tilesAlong(width, TILE)];
  const planes = reshape(products, [batch, PRODUCTS, outputs * rows, columns]);
  const output = ofBothAxes(F4.output);
  const ofProducts = Array.from({ length: PRODUCTS }, (_, product) => output.map((row) => at(row, product)));
  const tiles = matrixConstant(ofProducts, [PRODUCTS, 1, TILE, TILE]);
  const pads = [0, 0, 0, columns * TILE - width];
  const joined = convTranspose(planes, tiles, undefined, { strides: [TILE, TILE], pads });
  const whole = reshape(joined, [batch, outputs, rows * TILE, width]);
  return rows * TILE === height ? whole : sliceAxis(whole, 2, 0, height);
}

/** [1, 36, outputs, channels] by a convolution: what a product gives would be copied to have this shape, and it is large. */
function filtersOf(weight: Value, { outputs, channels }: Layer): Value {
  const places = transpose(reshape(weight, [1, outputs, channels, 9]), [0, 3, 1, 2]);
  return conv(places, matrixConstant(ofBothAxes(F4.filter), [PRODUCTS, 9, 1, 1]));
}

/** The same, of a weight that is known. */
function storedFilters(weight: Tensor): Tensor {
  const [outputs, channels] = [at(weight.dims, 0), at(weight.dims, 1)];
  const count = outputs * channels;
  return computed([1, PRODUCTS, outputs, channels], (result) => {
    const filters = new DataView(float32Values(weight).slice().buffer);
    for (const [product, row] of ofBothAxes(F4.filter).entries()) {
      const factors = new DataView(Float64Array.from(row).buffer);
      for (let filter = 0; filter < count; filter++) {
        let sum = 0;
        for (let tap = 0; tap < 9; tap++) {
          sum += factors.getFloat64(8 * tap, true) * filters.getFloat32(4 * (9 * filter + tap), true);
        }
        result[product * count + filter] = sum;
      }
    }
  });
}
