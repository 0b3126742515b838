import type { Model } from '../ir/model.js';

/** The heads that are one operator. */
const HEADS: readonly string[] = ['Sigmoid', 'Softmax'];

/** The model with its first output as it is before the head; undefined where the last operator is none. */
export function beforeHead(model: Model): Model | undefined {
  const { graph } = model;
  const output = graph.outputs[0]?.name ?? '';
  const head = graph.nodes.find(({ outputs }) => outputs.includes(output));
  if (head === undefined || !HEADS.includes(head.opType)) return undefined;
  const identity = { ...head, opType: 'Identity', attributes: new Map() };
  return {
    ...model,
    graph: { ...graph, nodes: graph.nodes.map((node) => (node === head ? identity : node)) },
  };
}
