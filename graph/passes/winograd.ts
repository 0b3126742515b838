import { intsOf } from '../attribute.js';
import { numbers } from '../dim.js';
import type { Node } from '../model.js';
import { conv } from '../ops/conv.js';
import { convTranspose } from '../ops/conv-transpose.js';
import { add } from '../ops/elementwise.js';
import { reshape, sliceAxis, transpose } from '../ops/layout.js';
import { matMul } from '../ops/matmul.js';
import type { Rewriting, Rule } from '../rewrite.js';
import { float32Tensor, float32Values, type Tensor } from '../tensor.js';
import { constant, type Value } from '../value.js';
import { computed } from './computed.js';
import { convolutionEnd, ended } from './convolution-ends.js';
import {
  axisTransform,
  filterTransform,
  inputTransform,
  outputTransform,
  PRODUCTS,
  TILE,
  WINDOW,
} from './winograd-transforms.js';

/** Sizes of a convolution with a 3 x 3 filter, stride 1 and padding 1. */
export interface Layer {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
}

export interface WinogradOptions {
  /** Whether a layer is worth it. */
  readonly pays: (layer: Layer) => boolean;
  /** How the filter of this name is in the file; as it is, if not given. */
  readonly filterOf?: (name: string, graph: Rewriting) => Value | undefined;
  /** Store transformed filters, four times as large, instead of having the runtime transform them when it loads the model. */
  readonly precompute?: boolean;
  /** Transform rows and columns of the input one after the other: fewer products, more passes over memory. */
  readonly separable?: boolean;
}

/**
 * A 3 x 3 convolution by F(4 x 4, 3 x 3): 36 products for 16 outputs instead of 144. The input's windows are transformed by a
 * convolution with stride 4, the products are 36 matrix products over the channels, and a transposed convolution makes tiles.
 */
export const winograd =
  ({ pays, filterOf = asItIs, precompute = false, separable = false }: WinogradOptions): Rule =>
  (node, graph) => {
    const end = convolutionEnd(node, graph);
    const layer = end && layerOf(end.convolution, graph);
    if (end === undefined || layer === undefined || !pays(layer)) return;
    const [input = '', weightName = '', biasName = ''] = end.convolution.inputs;
    const [x, weight, bias] = [graph.value(input), graph.constant(weightName), graph.constant(biasName)];
    if (x === undefined || weight === undefined) return;
    const filters = precompute
      ? graph.weight(weightName, transformedFilters(weight))
      : filtersOf(filterOf(weightName, graph), layer);
    const biased = (value: Value) =>
      bias === undefined
        ? value
        : add(value, graph.weight(biasName, { ...bias, dims: [layer.outputs, 1, 1] }));
    return filters && ended(end, biased(tilesOf(productsOf(x, filters, layer, separable), layer)), graph);
  };

const asItIs = (name: string, graph: Rewriting) => graph.value(name);

/** The sizes of a convolution that has this form; undefined for others, and where they are open. */
function layerOf({ inputs, outputs, attributes }: Node, graph: Rewriting): Layer | undefined {
  const [rows, columns, ...more] = graph.constant(inputs[1])?.dims.slice(2) ?? [];
  const isPlain =
    rows === 3 &&
    columns === 3 &&
    more.length === 0 &&
    intsOf(attributes, 'strides', [1, 1]).every((stride) => stride === 1) &&
    intsOf(attributes, 'pads', [0, 0, 0, 0]).every((pad) => pad === 1);
  const [shape, result] = [inputs[0], outputs[0]].map((name) =>
    numbers(graph.value(name ?? '')?.shape ?? []),
  );
  const [batch, channels, height, width] = shape ?? [];
  const [, made] = result ?? [];
  if (!isPlain || batch === undefined || channels === undefined || made === undefined) return;
  if (height === undefined || width === undefined) return;
  return { batch, channels, outputs: made, height, width };
}

/** Tiles along an axis; the last may reach beyond it. */
export const tilesAlong = (size: number) => Math.ceil(size / TILE);

/**
 * [1, 36, outputs, channels] as an expression of the stored [outputs, channels, 3, 3], which runtimes compute once: by a convolution,
 * since what a product gives would be copied to have this shape, and it is large.
 */
function filtersOf(weight: Value | undefined, { outputs, channels }: Layer): Value | undefined {
  if (weight === undefined) return;
  const places = transpose(reshape(weight, [1, outputs, channels, 9]), [0, 3, 1, 2]);
  const transform = constant(float32Tensor([PRODUCTS, 9, 1, 1], Float32Array.from(filterTransform())));
  return conv(places, transform);
}

function transformedFilters(weight: Tensor): Tensor {
  const [outputs = 0, channels = 0] = weight.dims;
  const transform = filterTransform();
  return computed([1, PRODUCTS, outputs, channels], () => {
    const filters = float32Values(weight);
    const count = outputs * channels;
    const result = new Float64Array(PRODUCTS * count);
    for (let product = 0; product < PRODUCTS; product++) {
      for (let filter = 0; filter < count; filter++) {
        let sum = 0;
        for (let at = 0; at < 9; at++)
          sum += (transform[product * 9 + at] ?? 0) * (filters[filter * 9 + at] ?? 0);
        result[product * count + filter] = sum;
      }
    }
    return result;
  });
}

/** [N, 36, outputs, tiles]: the products of all tiles. */
function productsOf(x: Value, filters: Value, layer: Layer, separable: boolean): Value {
  const { batch, channels, height, width } = layer;
  const tiles = tilesAlong(height) * tilesAlong(width);
  const planes = reshape(x, [batch * channels, 1, height, width]);
  const factors = separable ? factorsByAxis(planes, layer) : factorsOf(planes, layer);
  // Of one image onnxruntime then reads the factors in the order that they are in, and moves none of them.
  const byProduct =
    batch === 1
      ? transpose(reshape(factors, [channels, 1, PRODUCTS, tiles]), [1, 2, 0, 3])
      : transpose(reshape(factors, [batch, channels, PRODUCTS, tiles]), [0, 2, 1, 3]);
  return matMul(filters, byProduct);
}

/** One of padding before, and after it what the last tile reaches beyond the border. */
const padsOf = (size: number) => [1, 1 + tilesAlong(size) * TILE - size] as const;

/** [N C, 36, rows, columns] of tiles from planes [N C, 1, H, W]. */
function factorsOf(planes: Value, { height, width }: Layer): Value {
  const windows = constant(float32Tensor([PRODUCTS, 1, WINDOW, WINDOW], Float32Array.from(inputTransform())));
  const [[top, bottom], [left, right]] = [padsOf(height), padsOf(width)];
  return conv(planes, windows, undefined, { strides: [TILE, TILE], pads: [top, left, bottom, right] });
}

/** The same, rows first: [N C, 6, rows, W], and then the columns of each. */
function factorsByAxis(planes: Value, { batch, channels, height, width }: Layer): Value {
  const values = Float32Array.from(axisTransform());
  const [[top, bottom], [left, right]] = [padsOf(height), padsOf(width)];
  const down = constant(float32Tensor([WINDOW, 1, WINDOW, 1], values));
  const along = constant(float32Tensor([WINDOW, 1, 1, WINDOW], values));
  const rows = conv(planes, down, undefined, { strides: [TILE, 1], pads: [top, 0, bottom, 0] });
  const each = reshape(rows, [batch * channels * WINDOW, 1, tilesAlong(height), width]);
  return conv(each, along, undefined, { strides: [1, TILE], pads: [0, left, 0, right] });
}

/** [N, outputs, H, W] from the products of tiles. These do not overlap, so one plane is made that has all outputs below each other. */
function tilesOf(products: Value, { batch, outputs, height, width }: Layer): Value {
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
