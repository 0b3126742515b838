import type { Model, Node } from '../model.js';
import { type ConvolutionEnd, convolutionEnd } from '../passes/convolution-ends.js';
import { Rewriting } from '../rewrite.js';

/** A convolution that can run on integers. */
export interface QuantizableLayer {
  /** Of the convolution's own output: the one name in a graph that is its alone. */
  readonly name: string;
  /** What it reads, and what it gives behind its ReLU. */
  readonly input: string;
  readonly output: string;
}

/** Nothing but a convolution and what is elementwise stands between these and a mask: their outputs are not rounded. */
const ENDS = new Set(['Sigmoid', 'Softmax']);

/** Integers gain nothing where so few channels are read; and the image keeps its precision. */
const MIN_CHANNELS = 4;

/** The convolutions of a model that can be quantised: all but those that read the image and those that give the logits. */
export function quantizableLayers(model: Model): readonly QuantizableLayer[] {
  const graph = new Rewriting(model);
  return model.graph.nodes.flatMap((node) => {
    const end = convolutionEnd(node, graph);
    const [, channels = 0] = graph.constant(end?.convolution.inputs[1])?.dims ?? [];
    if (end === undefined || channels < MIN_CHANNELS || givesLogits(node, graph)) return [];
    return [layerOf(node, end)];
  });
}

function layerOf(node: Node, { convolution }: ConvolutionEnd): QuantizableLayer {
  const [input = ''] = convolution.inputs;
  const [name = ''] = convolution.outputs;
  const [output = ''] = node.outputs;
  return { name, input, output };
}

function givesLogits({ outputs: [output = ''] }: Node, graph: Rewriting): boolean {
  return graph.isOutput(output) || graph.consumers(output).some(({ opType }) => ENDS.has(opType));
}

/** The model with more of its values as outputs. */
export function withOutputs(model: Model, names: Iterable<string>): Model {
  const { graph } = model;
  const known = new Set(graph.outputs.map(({ name }) => name));
  const more = [...new Set(names)].filter((name) => !known.has(name)).map((name) => ({ name }));
  return { ...model, graph: { ...graph, outputs: [...graph.outputs, ...more] } };
}
