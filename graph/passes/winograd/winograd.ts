import { intsOf } from '../../attribute.js';
import { numbers } from '../../dim.js';
import type { Node } from '../../model.js';
import { conv } from '../../ops/conv.js';
import { reshape, transpose } from '../../ops/layout.js';
import type { Rewriting, Rule } from '../../rewrite.js';
import { float32Tensor, float32Values, type Tensor } from '../../tensor.js';
import { constant, type Value } from '../../value.js';
import { computed } from '../computed.js';
import { convolutionEnd, ended } from '../convolution-ends.js';
import { blocked } from './blocked.js';
import type { Layer } from './layer.js';
import { planes, separable } from './planes.js';
import { filterTransform, PRODUCTS } from './transforms.js';

/** How a layer can be written; which is fastest depends on the kernels that run it. */
export const FORMS = { planes, separable, blocked } as const;
export type FormId = keyof typeof FORMS;

export interface WinogradOptions {
  /** The form that is worth it for a layer; undefined where none is. */
  readonly formOf: (layer: Layer) => FormId | undefined;
  /** How the filter of this name is in the file; as it is, if not given. */
  readonly filterOf?: (name: string, graph: Rewriting) => Value | undefined;
  /** Store transformed filters, four times as large, instead of having the runtime transform them when it loads the model. */
  readonly precompute?: boolean;
}

/**
 * A 3 x 3 convolution by F(4 x 4, 3 x 3): 36 products for 16 outputs instead of 144. The input's windows are transformed to factors,
 * the products are 36 matrix products over the channels, and a transposed convolution makes tiles.
 */
export const winograd =
  ({ formOf, filterOf = asItIs, precompute = false }: WinogradOptions): Rule =>
  (node, graph) => {
    // Slice takes its sizes as attributes before.
    const end = graph.opset < 10 ? undefined : convolutionEnd(node, graph);
    const layer = end && layerOf(end.convolution, graph);
    const form = layer && formOf(layer);
    if (end === undefined || layer === undefined || form === undefined) return;
    const [input = '', weightName = '', biasName = ''] = end.convolution.inputs;
    const [x, weight, bias] = [graph.value(input), graph.constant(weightName), graph.constant(biasName)];
    if (x === undefined || weight === undefined) return;
    const filters = precompute
      ? graph.weight(weightName, transformedFilters(weight))
      : filtersOf(filterOf(weightName, graph), layer);
    const stored = (tensor: Tensor) => graph.weight(biasName, tensor);
    return filters && ended(end, FORMS[form]({ x, filters, stored, ...(bias && { bias }) }, layer), graph);
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
