import { stringOf } from '../ir/attribute.js';
import { ABSENT, type Model, type Node } from '../ir/model.js';
import { type ActivationRules, type ConvActivation, convActivation } from '../passes/conv-activation.js';
import { isConvolution } from '../passes/scale-convolution.js';
import { Rewriting } from '../rewriting/rewrite.js';
import { headValues } from './head.js';

/** A convolution that can run on integers. */
export interface QuantizableLayer {
  /** Of the convolution's own output: the one name in a graph that is its alone. */
  readonly name: string;
  /** What it reads, and what it gives behind its activation. */
  readonly input: string;
  readonly output: string;
}

const CLAMPS = new Set(['Relu', 'Clip']);

/** Grouped and dilated ones too: integers are fast in all. */
const RULES: ActivationRules = {
  isConvolution: (node, graph) =>
    node.opType === 'Conv' &&
    isConvolution(node, graph) &&
    stringOf(node.attributes, 'auto_pad', 'NOTSET') === 'NOTSET',
  isActivation: isClamp,
};

/** The layer that ends at this node; a convolution that only a Relu or Clip reads ends there. */
export const layerEnd = (node: Node, graph: Rewriting): ConvActivation | undefined =>
  convActivation(node, graph, RULES);

export function isClamp({ opType, domain }: Node): boolean {
  return CLAMPS.has(opType) && domain === '';
}

/**
 * The convolutions of a model that can be quantised: all but those of its heads. Also those that read the image, since what
 * they give would otherwise be quantised at its full size.
 */
export function quantizableLayers(model: Model): readonly QuantizableLayer[] {
  const graph = new Rewriting(model);
  const head = headValues(model, graph);
  return model.graph.nodes.flatMap((node) => {
    const convolution = layerEnd(node, graph)?.convolution;
    if (convolution === undefined || !isWorthwhile(convolution, graph)) return [];
    const [[input = ABSENT], [name = ABSENT]] = [convolution.inputs, convolution.outputs];
    const [output = ABSENT] = node.outputs;
    return head.has(output) ? [] : [{ name, input, output }];
  });
}

/** The gate of a squeeze-and-excitation has one pixel: it takes no time, and its rounding would reach every pixel. */
function isWorthwhile({ outputs }: Node, graph: Rewriting): boolean {
  const type = graph.value(outputs[0]);
  return type?.shape.slice(2).some((size) => size !== 1) === true;
}

/** The model with more of its values as outputs. */
export function withOutputs(model: Model, names: Iterable<string>): Model {
  const { graph } = model;
  const known = new Set(graph.outputs.map(({ name }) => name));
  const more = [...new Set(names)].filter((name) => !known.has(name)).map((name) => ({ name }));
  return { ...model, graph: { ...graph, outputs: [...graph.outputs, ...more] } };
}
