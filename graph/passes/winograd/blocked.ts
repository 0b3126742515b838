import { conv } from '../../ops/conv.js';
import { reshape } from '../../ops/layout.js';
import { concat } from '../../ops/shapes.js';
import { float32Tensor, float32Values, type Tensor } from '../../tensor.js';
import { constant, type Value } from '../../value.js';
import { computed } from '../computed.js';
import type { Form, Layer } from './layer.js';
import { padsOf, tilesOf } from './tiles.js';
import { INPUT, ONES, PRODUCTS, TILE, WINDOW } from './transforms.js';

/**
 * For kernels that hold 8 or 16 channels of a pixel together, as onnxruntime's convolutions on processors do: depthwise convolutions
 * make the factors and a grouped one the products, so that nothing is moved into another order between, and these kernels are
 * faster than matrix products.
 */
export const blocked: Form = ({ x, filters, bias, stored }, layer) => {
  const { channels, outputs } = layer;
  const weights = reshape(filters, [PRODUCTS * outputs, channels, 1, 1]);
  const products = conv(factorsOf(x, layer), weights, bias && stored(biasOfProducts(bias)), {
    group: PRODUCTS,
  });
  return tilesOf(products, layer);
};

/** [N, 36 channels, rows, columns] of tiles. */
function factorsOf(x: Value, { channels, height, width }: Layer): Value {
  const columns = factorsAlong(x, channels, padsOf(width), (along, across) => [across, along]);
  return factorsAlong(columns, channels * WINDOW, padsOf(height), (along, across) => [along, across]);
}

/** Windows along one axis to their factors, one factor of all channels after the other. */
function factorsAlong(
  x: Value,
  channels: number,
  [before, after]: readonly [number, number],
  placed: (along: number, across: number) => readonly [number, number],
): Value {
  const factors = INPUT.map((row) => {
    // Zeros are left out: what stands between others, as steps of the window, and what stands at its ends.
    const taps = row.flatMap((weight, at) => (weight === 0 ? [] : [at]));
    const [first = 0, second = 0, last = 0] = [taps[0], taps[1], taps.at(-1)];
    const kernel = taps.map((tap) => row[tap] ?? 0);
    const weights = Float32Array.from(
      { length: channels * kernel.length },
      (_, at) => kernel[at % kernel.length] ?? 0,
    );
    const [start, end] = [before - first, after - (WINDOW - 1 - last)];
    return conv(x, constant(float32Tensor([channels, 1, ...placed(kernel.length, 1)], weights)), undefined, {
      group: channels,
      strides: placed(TILE, 1),
      dilations: placed(second - first, 1),
      pads: [...placed(start, 0), ...placed(end, 0)],
    });
  });
  return concat(factors, 1);
}

/** [36 outputs]: what is added to the product of the ones is added to each output of its tile, and to nothing else. */
function biasOfProducts(bias: Tensor): Tensor {
  const [outputs = 0] = bias.dims;
  return computed([PRODUCTS * outputs], () => {
    const values = new Float32Array(PRODUCTS * outputs);
    values.set(float32Values(bias), ONES * outputs);
    return values;
  });
}
