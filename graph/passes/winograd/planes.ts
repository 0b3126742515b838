import { conv } from '../../ops/conv.js';
import { add } from '../../ops/elementwise.js';
import { reshape, transpose } from '../../ops/layout.js';
import { matMul } from '../../ops/matmul.js';
import { float32Tensor } from '../../tensor.js';
import { constant, type Value } from '../../value.js';
import type { Form, Layer } from './layer.js';
import { padsOf, tilesAlong, tilesOf } from './tiles.js';
import { INPUT, inputTransform, PRODUCTS, TILE, WINDOW } from './transforms.js';

/** Channels are planes of their own: a convolution with the stride of a tile makes the factors, matrix products over channels follow. */
export const planes: Form = byPlanes(factorsOf);

/** The same, rows before columns: fewer products, and one more pass over memory. */
export const separable: Form = byPlanes(factorsByAxis);

function byPlanes(factorsIn: (x: Value, layer: Layer) => Value): Form {
  return ({ x, filters, bias, stored }, layer) => {
    const { batch, channels, outputs, height, width } = layer;
    const tiles = tilesAlong(height) * tilesAlong(width);
    const factors = factorsIn(reshape(x, [batch * channels, 1, height, width]), layer);
    // Of one image onnxruntime then reads the factors in the order that they are in, and moves none of them.
    const byProduct =
      batch === 1
        ? transpose(reshape(factors, [channels, 1, PRODUCTS, tiles]), [1, 2, 0, 3])
        : transpose(reshape(factors, [batch, channels, PRODUCTS, tiles]), [0, 2, 1, 3]);
    const y = tilesOf(matMul(filters, byProduct), layer);
    return bias === undefined ? y : add(y, stored({ ...bias, dims: [outputs, 1, 1] }));
  };
}

/** [N C, 36, rows, columns] of tiles from planes [N C, 1, H, W]. */
function factorsOf(x: Value, { height, width }: Layer): Value {
  const windows = constant(float32Tensor([PRODUCTS, 1, WINDOW, WINDOW], Float32Array.from(inputTransform())));
  const [[top, bottom], [left, right]] = [padsOf(height), padsOf(width)];
  return conv(x, windows, undefined, { strides: [TILE, TILE], pads: [top, left, bottom, right] });
}

/** The same, rows first: [N C, 6, rows, W], and then the columns of each. */
function factorsByAxis(x: Value, { batch, channels, height, width }: Layer): Value {
  const values = Float32Array.from(INPUT.flat());
  const [[top, bottom], [left, right]] = [padsOf(height), padsOf(width)];
  const down = constant(float32Tensor([WINDOW, 1, WINDOW, 1], values));
  const along = constant(float32Tensor([WINDOW, 1, 1, WINDOW], values));
  const rows = conv(x, down, undefined, { strides: [TILE, 1], pads: [top, 0, bottom, 0] });
  const each = reshape(rows, [batch * channels * WINDOW, 1, tilesAlong(height), width]);
  return conv(each, along, undefined, { strides: [1, TILE], pads: [0, left, 0, right] });
}
