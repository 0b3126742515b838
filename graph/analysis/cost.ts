import { ABSENT, type Graph, type Model, type Node, nodeName, opsetOf } from '../ir/model.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { definitionOf } from '../ops/index.js';
import { bytesOf, inferTypes, inputTypes, type Types } from './infer.js';
import { subgraphsOf } from './subgraphs.js';

/** What one run of a node takes; a figure is undefined where sizes are open or the operator is not known. */
export interface NodeCost {
  readonly name: string;
  readonly opType: string;
  /** Multiply-adds of convolutions and matrix products; 0 for the others, but for branches and loops that run such. */
  readonly macs: number | undefined;
  /** Bytes of the outputs. */
  readonly activationBytes: number | undefined;
}

/**
 * Counts what a model holds and what one run of it takes.
 * @param known sizes to put in place of named dimensions, for example `{ N: 1, H: 256, W: 256 }`
 */
export function cost(model: Model, known: Readonly<Record<string, number>> = {}) {
  const types = inferTypes(model, known);
  const opset = opsetOf(model);
  const nodes = model.graph.nodes.map((node) => nodeCost(node, types, opset));
  return {
    /** Trained numbers: weights and biases, BatchNorm's scale and shift, not its running statistics. */
    parameters: parameters(model.graph, types, opset),
    macs: sum(nodes.map((node) => node.macs)),
    activationBytes: sum(nodes.map((node) => node.activationBytes)),
    /** Bytes of inputs and activations that are held at once, each from the node that makes it to the last that reads it. */
    peakBytes: peak(model.graph, types),
    nodes,
  };
}

/** Undefined where a figure is. */
function sum(figures: readonly (number | undefined)[]): number | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  return known.length === figures.length ? known.reduce((total, figure) => total + figure, 0) : undefined;
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

/**
 * Elements of the initializers, and of Constant nodes, that some node reads as a trained parameter, also within branches and loops;
 * a shared one counts once.
 */
function parameters(graph: Graph, types: Types, opset: number): number {
  const tensors = new Set(trainedIn(graph, (name) => types.get(name)?.constant, opset));
  return [...tensors].reduce((count, { dims }) => count + elementCount(dims), 0);
}

type ConstantOf = (name: string) => Tensor | undefined;

function trainedIn(graph: Graph, constantOf: ConstantOf, opset: number): readonly Tensor[] {
  return graph.nodes.flatMap((node) => {
    const trained = definitionOf(node, opset)?.parameters ?? [];
    const own = node.inputs.flatMap((name, index) =>
      trained.includes(index) ? (constantOf(name) ?? []) : [],
    );
    return [
      ...own,
      ...subgraphsOf(node).flatMap((inner) => trainedIn(inner, within(inner, constantOf), opset)),
    ];
  });
}

/** The constants that a branch or the body of a loop sees: its own, and those of the graph around it. */
function within({ initializers, nodes }: Graph, around: ConstantOf): ConstantOf {
  const written = new Map(initializers);
  for (const { opType, outputs, attributes } of nodes) {
    const value = attributes.get('value');
    if (opType === 'Constant' && value?.type === 'tensor') written.set(outputs[0] ?? ABSENT, value.value);
  }
  return (name) => written.get(name) ?? around(name);
}

function nodeCost(node: Node, types: Types, opset: number): NodeCost {
  const { opType, outputs } = node;
  const bytes = outputs.filter((output) => output !== ABSENT).map((output) => bytesOf(output, types));
  return { name: nodeName(node), opType, macs: macsOf(node, types, opset), activationBytes: sum(bytes) };
}

/**
 * Multiply-adds of a node, 0 for what is neither convolution nor product, nor runs one; undefined where sizes are open, and for
 * branches and loops with products, which only a run counts.
 */
export function macsOf(node: Node, types: Types, opset: number): number | undefined {
  const definition = definitionOf(node, opset);
  if (subgraphsOf(node).some((graph) => holdsProducts(graph, opset))) return undefined;
  if (definition?.macs === undefined) return 0;
  const [output = ABSENT] = node.outputs;
  const [inputs, type] = [inputTypes(node, types), types.get(output)];
  return inputs && type && definition.macs(inputs, type, node.attributes);
}

function holdsProducts({ nodes }: Graph, opset: number): boolean {
  return nodes.some(
    (node) =>
      definitionOf(node, opset)?.macs !== undefined ||
      subgraphsOf(node).some((inner) => holdsProducts(inner, opset)),
  );
}
