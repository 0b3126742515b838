import type { Graph, Node } from '../ir/model.js';

/** The graphs that a node runs: branches, the body of a loop. What could not be read is not among them. */
export function subgraphsOf({ attributes }: Node): readonly Graph[] {
  return [...attributes.values()].flatMap((attribute) =>
    attribute.type === 'subgraph' && attribute.graph ? [attribute.graph] : [],
  );
}

export const holdsSubgraph = ({ attributes }: Node): boolean =>
  [...attributes.values()].some(({ type }) => type === 'subgraph');

/** Whether a node may read anything of the graph around it: a subgraph of it could not be read. */
export function readsUnseen(node: Node): boolean {
  return [...node.attributes.values()].some(
    (attribute) =>
      attribute.type === 'subgraph' &&
      (attribute.graph === undefined || attribute.graph.nodes.some(readsUnseen)),
  );
}

/** What a node reads: its inputs, and what its subgraphs take from around them. */
export function namesRead(node: Node): readonly string[] {
  return [...node.inputs, ...captured(node)];
}

/** The values that a graph is given or makes itself. */
export function valuesOf({ inputs, initializers, nodes }: Graph): ReadonlySet<string> {
  return new Set([
    ...inputs.map(({ name }) => name),
    ...initializers.keys(),
    ...nodes.flatMap(({ outputs }) => outputs),
  ]);
}

/** What subgraphs of a node take from the graph around it. */
export function captured(node: Node): readonly string[] {
  return subgraphsOf(node).flatMap((graph) => {
    const own = valuesOf(graph);
    const read = [...graph.nodes.flatMap(namesRead), ...graph.outputs.map(({ name }) => name)];
    return read.filter((name) => !own.has(name));
  });
}

/** A node with other subgraphs in the place of its own. */
export function withSubgraphs(node: Node, change: (graph: Graph) => Graph): Node {
  if (subgraphsOf(node).length === 0) return node;
  const attributes = new Map(node.attributes);
  for (const [name, attribute] of node.attributes) {
    if (attribute.type !== 'subgraph' || attribute.graph === undefined) continue;
    attributes.set(name, { type: 'subgraph', graph: change(attribute.graph) });
  }
  return { ...node, attributes };
}

/** Every name in a graph and in those within it: of nodes and of values. */
export function namesIn(graph: Graph): ReadonlySet<string> {
  const names = new Set<string>(graph.initializers.keys());
  for (const { name } of [...graph.inputs, ...graph.outputs]) names.add(name);
  for (const node of graph.nodes) {
    for (const name of [node.name, ...node.inputs, ...node.outputs]) names.add(name);
    for (const inner of subgraphsOf(node)) for (const name of namesIn(inner)) names.add(name);
  }
  return names;
}
