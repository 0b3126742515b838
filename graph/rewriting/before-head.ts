import { intOf } from '../ir/attribute.js';
import { type Model, type Node, opsetOf } from '../ir/model.js';
import { SOFTMAX_OPSET } from './append-head.js';

/** Whether a node turns logits [N, classes, ...] into probabilities: of each class by itself, or of all together. */
function isHead({ opType, domain, attributes }: Node, opset: number): boolean {
  if (domain !== '') return false;
  return (
    opType === 'Sigmoid' ||
    (opType === 'Softmax' && opset >= SOFTMAX_OPSET && intOf(attributes, 'axis', -1) === 1)
  );
}

/** The model with its first output as it is before the head; undefined where that ends in none, or others read what it gives. */
export function beforeHead(model: Model): Model | undefined {
  const { graph } = model;
  const output = graph.outputs[0]?.name ?? '';
  const head = graph.nodes.find(({ outputs }) => outputs.includes(output));
  const isRead = graph.nodes.some(({ inputs }) => inputs.includes(output));
  if (head === undefined || isRead || !isHead(head, opsetOf(model))) return undefined;
  const identity = { ...head, opType: 'Identity', attributes: new Map() };
  return {
    ...model,
    graph: { ...graph, nodes: graph.nodes.map((node) => (node === head ? identity : node)) },
  };
}
