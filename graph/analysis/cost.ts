import { ABSENT, type Graph, type Model, type Node, opsetOf } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { definitionOf } from '../ops/index.js';
import { bytesOf, inferTypes, inputTypes, type Types } from './infer.js';

/** What one run of a node takes; a figure is undefined where sizes are open or the operator is not known. */
export interface NodeCost {
  readonly name: string;
  readonly opType: string;
  /** Multiply-adds of convolutions and matrix products; 0 for the others. */
  readonly macs: number | undefined;
  /** Bytes of the outputs. */
  readonly activationBytes: number | undefined;
}

export interface Cost {
  /** Trained numbers: weights and biases, BatchNorm's scale and shift, not its running statistics. */
  readonly parameters: number;
  readonly macs: number | undefined;
  readonly activationBytes: number | undefined;
  /** Bytes of inputs and activations that are held at once, each from the node that makes it to the last that reads it. */
  readonly peakBytes: number | undefined;
  readonly nodes: readonly NodeCost[];
}

/**
 * Counts what a model holds and what one run of it takes.
 * @param known sizes to put in place of named dimensions, for example `{ N: 1, H: 256, W: 256 }`
 */
export function cost(model: Model, known: Readonly<Record<string, number>> = {}): Cost {
  const types = inferTypes(model, known);
  const opset = opsetOf(model);
  const nodes = model.graph.nodes.map((node) => nodeCost(node, types, opset));
  return {
    parameters: parameters(model.graph, types, opset),
    macs: sum(nodes.map((node) => node.macs)),
    activationBytes: sum(nodes.map((node) => node.activationBytes)),
    peakBytes: peak(model.graph, types),
    nodes,
  };
}

function sum(figures: readonly (number | undefined)[]): number | undefined {
  return figures.reduce<number | undefined>(
    (total, figure) => (total === undefined || figure === undefined ? undefined : total + figure),
    0,
  );
}

function peak(graph: Graph, types: Types): number | undefined {
  const lastUse = new Map<string, number>();
  for (const [index, { inputs }] of graph.nodes.entries()) {
    for (const name of inputs) lastUse.set(name, index);
  }
  for (const { name } of graph.outputs) lastUse.set(name, Number.POSITIVE_INFINITY);
  const sizes = new Map<string, number>();
  let [held, most] = [0, 0];
  const hold = (name: string): boolean => {
    const bytes = bytesOf(name, types);
    if (bytes === undefined) return false;
    sizes.set(name, bytes);
    held += bytes;
    most = Math.max(most, held);
    return true;
  };
  const inputs = graph.inputs.map(({ name }) => name).filter((name) => !graph.initializers.has(name));
  if (!inputs.every(hold)) return undefined;
  for (const [index, node] of graph.nodes.entries()) {
    if (!node.outputs.filter((name) => name !== ABSENT).every(hold)) return undefined;
    for (const name of new Set([...node.inputs, ...node.outputs])) {
      // Initializers are not held.
      const bytes = sizes.get(name);
      if (bytes !== undefined && (lastUse.get(name) ?? index) === index) held -= bytes;
    }
  }
  return most;
}

/** Elements of the initializers, and of Constant nodes, that some node reads as a trained parameter; a shared one counts once. */
function parameters(graph: Graph, types: Types, opset: number): number {
  const names = graph.nodes.flatMap((node) => {
    const trained = definitionOf(node, opset)?.parameters ?? [];
    return node.inputs.filter((_, index) => trained.includes(index));
  });
  const tensors = [...new Set(names)].flatMap((name) => types.get(name)?.constant ?? []);
  return tensors.reduce((count, { dims }) => count + elementCount(dims), 0);
}

function nodeCost(node: Node, types: Types, opset: number): NodeCost {
  const { name, opType, outputs } = node;
  const bytes = outputs.filter((output) => output !== ABSENT).map((output) => bytesOf(output, types));
  return { name, opType, macs: macsOf(node, types, opset), activationBytes: sum(bytes) };
}

/** Multiply-adds of a node, 0 for what is neither convolution nor product; undefined where sizes are open. */
export function macsOf(node: Node, types: Types, opset: number): number | undefined {
  const definition = definitionOf(node, opset);
  if (definition?.macs === undefined) return 0;
  const [output = ABSENT] = node.outputs;
  const [inputs, type] = [inputTypes(node, types), types.get(output)];
  return inputs && type && definition.macs(inputs, type, node.attributes);
}
