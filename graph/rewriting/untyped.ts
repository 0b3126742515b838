import { holdsSubgraph, namesRead } from '../analysis/subgraphs.js';
import { option } from '../common/option.js';
import { ABSENT, type Model, type Node, nodeName, opsetOf, replaceable } from '../ir/model.js';
import { definitionOf, sinceOf } from '../ops/index.js';
import { typesOf } from './rewrite.js';

/** A node of whose result nothing is known before it runs, though all is known of what it reads. */
export interface UntypedNode {
  readonly name: string;
  readonly opType: string;
  /** Why nothing is known of it. */
  readonly why: string;
  /** The nodes behind it that have no type for that reason alone, and which no pass looks at, by operator. */
  readonly keeps: Readonly<Record<string, number>>;
}

/** The nodes at which the types of a model end, in their order. What is behind several counts at the first. */
export function untypedNodes(model: Model): readonly UntypedNode[] {
  const { nodes, inputs, outputs } = model.graph;
  const types = typesOf(model);
  const opset = opsetOf(model);
  const read = new Set([...nodes.flatMap(namesRead), ...outputs.map(({ name }) => name)]);
  const given = replaceable(model);
  const undeclared = new Set(inputs.map(({ name }) => name).filter((name) => !types.has(name)));
  const found: { readonly node: Node; readonly why: string; readonly keeps: Map<string, number> }[] = [];
  /** Which of these keeps the type of a value from being known. */
  const keepers = new Map<string, Map<string, number>>();
  for (const node of nodes) {
    const open = node.outputs.filter((name) => name !== ABSENT && read.has(name) && !types.has(name));
    if (open.length === 0) continue;
    let keeps = node.inputs.map((name) => keepers.get(name)).find((keeper) => keeper !== undefined);
    if (keeps === undefined) {
      keeps = new Map();
      found.push({ node, why: whyOf(node, opset, undeclared, given), keeps });
    } else {
      keeps.set(node.opType, (keeps.get(node.opType) ?? 0) + 1);
    }
    for (const name of open) keepers.set(name, keeps);
  }
  return found.map(({ node, why, keeps }) => ({
    ...{ name: nodeName(node), opType: node.opType, why },
    keeps: Object.fromEntries([...keeps].sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
}

function whyOf(
  node: Node,
  opset: number,
  undeclared: ReadonlySet<string>,
  given: ReadonlySet<string>,
): string {
  const { domain, inputs } = node;
  const input = inputs.find((name) => undeclared.has(name));
  if (input !== undefined) return `input '${input}' is declared without a type, or without a rank`;
  if (holdsSubgraph(node)) return 'it holds a subgraph, which is not followed';
  const isKnown = definitionOf(node, opset) !== undefined;
  if (domain !== '' && !isKnown) return `this operator of the domain '${domain}' is not known here`;
  if (domain === '' && sinceOf(node) === undefined) return 'this operator is not known here';
  if (!isKnown) return `what it was in opset ${opset} is not known here`;
  const weight = inputs.find((name) => given.has(name));
  if (weight === undefined) return 'its type depends on values that only a run tells';
  return `its type depends on '${weight}', which is an input as well and may be replaced: ${option('freeze')} takes it for a constant`;
}

/** 'PRelu 'act1': this operator is not known here; behind it 2 Conv, 1 Relu' */
export function untypedText({ name, opType, why, keeps }: UntypedNode): string {
  const behind = Object.entries(keeps).map(([operator, count]) => `${count} ${operator}`);
  const kept = behind.length === 0 ? 'nothing is behind it' : `it keeps the passes from ${behind.join(', ')}`;
  return `${opType} '${name}': ${why}; ${kept}`;
}
