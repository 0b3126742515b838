import { numbers } from '../ir/dim.js';
import { DTYPES } from '../ir/dtype.js';
import { type Graph, type Model, type Node, opsetOf } from '../ir/model.js';
import { elementCount } from '../ir/tensor.js';
import { definitionOf } from '../ops/index.js';
import { inferTypes, inputTypes, type Types } from './infer.js';

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
    parameters: parameters(model.graph, opset),
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
  for (const [at, node] of graph.nodes.entries()) for (const name of node.inputs) lastUse.set(name, at);
  for (const { name } of graph.outputs) lastUse.set(name, Number.POSITIVE_INFINITY);
  const sizes = new Map<string, number>();
  let [held, most] = [0, 0];
  const hold = (name: string): boolean => {
    const bytes = bytesOf(name, types);
    sizes.set(name, bytes ?? 0);
    held += bytes ?? 0;
    most = Math.max(most, held);
    return bytes !== undefined;
  };
  const inputs = graph.inputs.map(({ name }) => name).filter((name) => !graph.initializers.has(name));
  let known = inputs.every(hold);
  for (const [at, node] of graph.nodes.entries()) {
    known &&= node.outputs.filter((name) => name !== '').every(hold);
    for (const name of new Set([...node.inputs, ...node.outputs])) {
      if ((lastUse.get(name) ?? at) === at) held -= sizes.get(name) ?? 0;
    }
  }
  return known ? most : undefined;
}

/** Elements of the initializers that some node reads as a trained parameter; a shared one counts once. */
function parameters(graph: Graph, opset: number): number {
  const names = new Set<string>();
  for (const node of graph.nodes) {
    for (const at of definitionOf(node, opset)?.parameters ?? []) {
      const name = node.inputs[at];
      if (name !== undefined) names.add(name);
    }
  }
  let count = 0;
  for (const name of names) count += elementCount(graph.initializers.get(name)?.dims ?? [0]);
  return count;
}

function nodeCost(node: Node, types: Types, opset: number): NodeCost {
  const outputs = node.outputs.filter((name) => name !== '').map((name) => bytesOf(name, types));
  return {
    name: node.name,
    opType: node.opType,
    macs: macsOf(node, types, opset),
    activationBytes: sum(outputs),
  };
}

function bytesOf(name: string, types: Types): number | undefined {
  const type = types.get(name);
  const sizes = type && numbers(type.shape);
  return sizes && elementCount(sizes) * DTYPES[type.dtype].bytes;
}

function macsOf(node: Node, types: Types, opset: number): number | undefined {
  const definition = definitionOf(node, opset);
  if (definition?.macs === undefined) return 0;
  const inputs = inputTypes(node, types);
  const output = types.get(node.outputs[0] ?? '');
  return inputs === undefined || output === undefined
    ? undefined
    : definition.macs(inputs, output, node.attributes);
}
