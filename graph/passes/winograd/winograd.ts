import { intsOf } from '../../ir/attribute.js';
import { numbers } from '../../ir/dim.js';
import type { Node } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import type { Rewriting, Rule } from '../../rewriting/rewrite.js';
import { convActivation, UNSTRIDED, withActivation } from '../conv-activation.js';
import { operandsOf } from '../scale-convolution.js';
import { planes, separable } from './planes.js';
import type { Algorithm, Layer } from './transforms.js';
import { vertical } from './vertical.js';

/** How a layer can be written; which is fastest depends on the kernels that run it. */
export const ALGORITHMS = { planes, separable, vertical } as const;
export type AlgorithmId = keyof typeof ALGORITHMS;

export interface WinogradOptions {
  /** The algorithm that is worth it for a layer; undefined where none is. */
  readonly algorithmOf: (layer: Layer) => AlgorithmId | undefined;
  /** How the filter of this name is in the file; as it is, if not given. */
  readonly filterOf?: (name: string, graph: Rewriting) => Value | undefined;
  /** Store transformed filters, four times as large, where the algorithm has these, instead of having the runtime transform them. */
  readonly precompute?: boolean;
}

/** A 3 x 3 convolution by Winograd's minimal filtering: windows are transformed to factors, and their products to tiles of outputs. */
export const winograd =
  ({ algorithmOf, filterOf = asItIs, precompute = false }: WinogradOptions): Rule =>
  (node, graph) => {
    // Slice takes its sizes as attributes before.
    const end = graph.opset < 10 ? undefined : convActivation(node, graph, UNSTRIDED);
    const layer = end && layerOf(end.convolution, graph);
    const id = layer && algorithmOf(layer);
    if (end === undefined || layer === undefined || id === undefined) return;
    const algorithm: Algorithm = ALGORITHMS[id];
    const { x, weight, bias, weightName, biasName } = operandsOf(end.convolution, graph);
    const asGiven = () => {
      const filters = filterOf(weightName, graph);
      return filters && algorithm.filters(filters, layer);
    };
    const filters =
      precompute && algorithm.storedFilters
        ? graph.weight(weightName, algorithm.storedFilters(weight))
        : asGiven();
    const stored = (tensor: Tensor) => graph.weight(biasName, tensor);
    if (filters === undefined) return;
    const y = algorithm.convolved({ x, filters, stored, ...(bias && { bias }) }, layer);
    return withActivation(end.activation, y, graph);
  };

const asItIs = (name: string, graph: Rewriting) => graph.value(name);

/** The sizes of a convolution that may be computed so; undefined for others, and where they are open. */
function layerOf({ inputs, attributes }: Node, graph: Rewriting): Layer | undefined {
  const [outputs, , rows, columns, ...more] = graph.constant(inputs[1])?.dims ?? [];
  const isPlain =
    rows === 3 &&
    columns === 3 &&
    more.length === 0 &&
    intsOf(attributes, 'pads', [0, 0, 0, 0]).every((pad) => pad === 1);
  const [batch, channels, height, width] = numbers(graph.value(inputs[0])?.shape ?? []) ?? [];
  if (!isPlain || outputs === undefined || batch === undefined || channels === undefined) return;
  if (height === undefined || width === undefined) return;
  return { batch, channels, outputs, height, width };
}
