import { typeText } from '../analysis/features.js';
import { fromDeclared, inferTypes } from '../analysis/infer.js';
import { holdsSubgraph, namesIn } from '../analysis/subgraphs.js';
import { badModel } from '../common/errors.js';
import { option } from '../common/option.js';
import { intOf } from '../ir/attribute.js';
import { type Model, type Node, opsetOf } from '../ir/model.js';
import { sigmoid, softmax } from '../ops/unary.js';
import { HEAD_KEY } from '../recipe/recipe.js';
import { extend, tensorOf } from './extend.js';

const RESULT = 'mask';

/** Until opset 12, Softmax took what follows its axis as one. */
const SOFTMAX_OPSET = 13;

/**
 * A model whose first output, logits [N, classes, H, W], goes on into a head; its other outputs stay. The result is called
 * `mask`, since what was called like the logits would no longer be what it was; a value that has that name, as the logits of this
 * package's own exports, becomes `logits`.
 * @throws NmodeError (BAD_MODEL) for an output that is no float32 [N, classes, H, W], or a softmax before opset 13
 */
export function headed(given: Model, head: 'sigmoid' | 'softmax'): Model {
  const model = withoutName(given, RESULT, 'logits');
  const [output, ...others] = model.graph.outputs;
  const name = output?.name ?? '';
  const type = inferTypes(model).get(name) ?? fromDeclared(name, output?.type);
  if (type?.dtype !== 'float32' || type.shape.length !== 4) {
    throw badModel(
      `its output '${name}' is ${typeText(type)}, ${option('head')} needs one float32 [N, classes, H, W]`,
    );
  }
  const opset = opsetOf(model);
  if (head === 'softmax' && opset < SOFTMAX_OPSET) {
    throw badModel(
      `opset ${opset}, and a Softmax over channels needs ${SOFTMAX_OPSET}: give ${option('head', 'softmax')} where images are segmented instead`,
    );
  }
  const logits = tensorOf(name, type);
  const extended = extend(model, { [RESULT]: head === 'sigmoid' ? sigmoid(logits) : softmax(logits, 1) });
  return {
    ...extended,
    metadata: new Map([...model.metadata, [HEAD_KEY, head]]),
    graph: { ...extended.graph, outputs: [...extended.graph.outputs, ...others] },
  };
}

/** A model in which a name is free: what has it gets another. Where subgraphs, which are not read, may use it, it stays. */
function withoutName(model: Model, name: string, wish: string): Model {
  const { graph } = model;
  if (!graph.nodes.some(({ name: own, outputs }) => own === name || outputs.includes(name))) return model;
  if (graph.nodes.some(holdsSubgraph)) return model;
  const taken = new Set([...namesIn(graph), ...graph.valueInfo.map((info) => info.name)]);
  let free = wish;
  for (let count = 2; taken.has(free); count++) free = `${wish}_${count}`;
  const other = (own: string) => (own === name ? free : own);
  const redeclare = <T extends { readonly name: string }>(infos: readonly T[]): T[] =>
    infos.map((info) => ({ ...info, name: other(info.name) }));
  const nodes = graph.nodes.map((node) => ({
    ...node,
    name: other(node.name),
    inputs: node.inputs.map(other),
    outputs: node.outputs.map(other),
  }));
  const [outputs, valueInfo] = [redeclare(graph.outputs), redeclare(graph.valueInfo)];
  return { ...model, graph: { ...graph, nodes, outputs, valueInfo } };
}

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
