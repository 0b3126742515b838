import { at } from '../../common/at.js';
import { computed, float32Tensor, float32Values, type Tensor } from '../../ir/tensor.js';
import { constant, type Value } from '../../ir/value.js';
import { concat } from '../../ops/concat.js';
import { conv } from '../../ops/conv.js';
import { matMul } from '../../ops/matmul.js';
import { reshape } from '../../ops/reshape.js';
import { sliceAxis } from '../../ops/slice.js';
import { transpose } from '../../ops/transpose.js';
import {
  type Algorithm,
  exchanged,
  F8,
  type Layer,
  matrixConstant,
  padsOf,
  tilesAlong,
} from './transforms.js';

const { tile: TILE, window: WINDOW } = F8;

/**
 * F(8, 3) down an image, whose rows stay rows: 10 convolutions of 3 for 8 of 9. For kernels that hold 8 or 16 channels of a pixel
 * together, as onnxruntime's convolutions on processors do: depthwise convolutions make the factors and a grouped one the products.
 * Both are a quarter more numbers than the images. Tiles along both axes have twice as many and more, and on large images it takes
 * longer to move those than to compute what they save.
 */
export const vertical: Algorithm = {
  tile: [TILE, 1],
  products: WINDOW,
  taps: 3,
  filters: filtersOf,
  convolved({ x, filters, bias, stored }, layer) {
    const products = conv(factorsOf(x, layer), filters, bias && stored(biasOfProducts(bias)), {
      group: WINDOW,
      pads: [0, 1, 0, 1],
    });
    return rowsOf(products, layer);
  },
};

/** [N, 10 channels, tiles, W], one factor of all channels after the other. */
function factorsOf(x: Value, { channels, height }: Layer): Value {
  const [before, after] = padsOf(height, F8);
  const factors = F8.input.map((row) => {
    // Zeros are left out: what stands between others, as steps of the window, and what stands at its ends.
    const taps = row.flatMap((weight, tap) => (weight === 0 ? [] : [tap]));
    const [first, second, last] = [at(taps, 0), at(taps, 1), at(taps, taps.length - 1)];
    const kernel = taps.map((tap) => at(row, tap));
    const weights = Float32Array.from(Array<number[]>(channels).fill(kernel).flat());
    return conv(x, constant(float32Tensor([channels, 1, kernel.length, 1], weights)), undefined, {
      group: channels,
      strides: [TILE, 1],
      dilations: [second - first, 1],
      pads: [before - first, 0, after - (WINDOW - 1 - last), 0],
    });
  });
  return concat(factors, 1);
}

/** [N, outputs, H, W] from the products, [N, 10 outputs, tiles, W]. */
function rowsOf(products: Value, { batch, outputs, height, width }: Layer): Value {
  const tiles = tilesAlong(height, TILE);
  const byRow = exchanged(products, batch, [WINDOW, outputs * tiles, width]);
  const ordered = matMul(matrixConstant(F8.output, [1, 1, TILE, WINDOW]), byRow);
  const whole = reshape(ordered, [batch, outputs, tiles * TILE, width]);
  return tiles * TILE === height ? whole : sliceAxis(whole, 2, 0, height);
}

/** [10 outputs, channels, 1, 3] */
function filtersOf(weight: Value, { outputs, channels }: Layer): Value {
  const byRow = transpose(reshape(weight, [1, outputs * channels, 3, 3]), [0, 2, 1, 3]);
  const factors = conv(byRow, matrixConstant(F8.filter, [WINDOW, 3, 1, 1]));
  return reshape(factors, [WINDOW * outputs, channels, 1, 3]);
}

/** [10 outputs]: what is added to the product of the point 1 is added to each output of its tile. */
function biasOfProducts(bias: Tensor): Tensor {
  const outputs = at(bias.dims, 0);
  return computed([WINDOW * outputs], (values) => {
    values.fill(0);
    values.set(float32Values(bias), F8.one * outputs);
  });
}
