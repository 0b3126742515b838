import { ABSENT, type Model, type Node, type ValueInfo } from '../ir/model.js';
import { namesRead, readsUnseen } from './subgraphs.js';

/** The nodes that some values need, in their order. Before one that may read anything, all are needed. */
export function neededNodes(nodes: readonly Node[], values: Iterable<string>): readonly Node[] {
  const wanted = new Set(values);
  const needed: Node[] = [];
  let all = false;
  for (const node of nodes.toReversed()) {
    if (!all && !node.outputs.some((name) => name !== ABSENT && wanted.has(name))) continue;
    for (const name of namesRead(node)) wanted.add(name);
    all ||= readsUnseen(node);
    needed.push(node);
  }
  return needed.reverse();
}

/** The part of a model that gives some of its tensors: they become its outputs, and what none of them needs is left out. */
export function prune(model: Model, outputs: readonly string[]): Model {
  const { graph } = model;
  const nodes = neededNodes(graph.nodes, outputs);
  const all = nodes.some(readsUnseen);
  const read = new Set([...outputs, ...nodes.flatMap(namesRead)]);
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const isRead = (name: string) => all || read.has(name);
  const declared = new Map([...graph.outputs, ...graph.valueInfo].map((info) => [info.name, info]));
  return {
    ...model,
    graph: {
      ...graph,
      nodes,
      inputs: graph.inputs.filter(({ name }) => isRead(name)),
      outputs: outputs.map((name): ValueInfo => declared.get(name) ?? { name }),
      valueInfo: [...declared.values()].filter(({ name }) => made.has(name) && !outputs.includes(name)),
      initializers: new Map([...graph.initializers].filter(([name]) => isRead(name))),
    },
  };
}
