import type { Types } from '../analysis/infer.js';
import { captured, namesIn, valuesOf, withSubgraphs } from '../analysis/subgraphs.js';
import { at } from '../common/at.js';
import { ABSENT, type Graph, type Model, type Node } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import { contentOf } from '../ir/value.js';
import { NameAllocator } from '../rewriting/name-allocator.js';
import { typesOf } from '../rewriting/rewrite.js';
import { identity } from './inlining.js';

/** A branch within a branch is found in the next round. */
const MAX_ROUNDS = 16;

export interface Decided {
  readonly model: Model;
  /** How many `If` have gone. */
  readonly branches: number;
}

/**
 * Puts the branch that is taken in the place of each `If` whose condition is constant, or follows from sizes that are known. (PyTorch
 * writes `squeeze` and what is scripted so.) Loops, and what is decided as a model runs, stay.
 */
export function decided(given: Model): Decided {
  let [model, branches] = [given, 0];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = decidedOnce(model);
    if (next.branches === 0) break;
    model = next.model;
    branches += next.branches;
  }
  return { model, branches };
}

function decidedOnce(model: Model): Decided {
  const { graph } = model;
  const isChoice = ({ domain, opType }: Node) => domain === '' && opType === 'If';
  if (!graph.nodes.some(isChoice)) return { model, branches: 0 };
  const conditions = new Conditions(model);
  const names = new NameAllocator(namesIn(graph));
  const initializers = new Map(graph.initializers);
  let branches = 0;
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const condition = isChoice(node) ? conditions.valueOf(node.inputs[0]) : undefined;
    const branch =
      condition === undefined ? undefined : node.attributes.get(condition ? 'then_branch' : 'else_branch');
    if (branch?.type !== 'subgraph' || branch.graph === undefined) return [node];
    if (branch.graph.outputs.length !== node.outputs.length) return [node];
    branches++;
    return inlined(branch.graph, node, names, initializers);
  });
  return { model: { ...model, graph: { ...graph, nodes, initializers } }, branches };
}

/** The nodes of a branch in the place of the node that takes it; its weights become those of the graph. */
function inlined(
  branch: Graph,
  { name: place, outputs }: Node,
  names: NameAllocator,
  initializers: Map<string, Tensor>,
): readonly Node[] {
  const renamed = new Map<string, string>();
  const results = new Map<string, string>();
  const copies: Node[] = [];
  const computed = new Set(branch.nodes.flatMap((node) => node.outputs));
  for (const [index, { name }] of branch.outputs.entries()) {
    const output = at(outputs, index);
    if (output === ABSENT) continue;
    if (computed.has(name) && !results.has(name)) results.set(name, output);
    else copies.push(identity(name, output));
  }
  const own = [...branch.initializers.keys(), ...computed].filter((name) => name !== ABSENT);
  for (const name of new Set(own)) renamed.set(name, results.get(name) ?? names.unique(name));
  for (const [name, tensor] of branch.initializers) initializers.set(renamed.get(name) ?? name, tensor);
  return [...branch.nodes, ...copies].map((node) =>
    withNames(node, renamed, names.unique(`${place}/${node.name}`)),
  );
}

/** A node, and what its subgraphs take from around it, by other names. */
function withNames(node: Node, renamed: ReadonlyMap<string, string>, name: string): Node {
  const other = (own: string) => renamed.get(own) ?? own;
  const takes = captured(node).some((own) => renamed.has(own));
  const inner = takes ? withSubgraphs(node, (graph) => renamedIn(graph, renamed)) : node;
  return { ...inner, name, inputs: node.inputs.map(other), outputs: node.outputs.map(other) };
}

/** A graph that reads what is around it by other names; a name of its own hides that. */
function renamedIn(graph: Graph, renamed: ReadonlyMap<string, string>): Graph {
  const own = valuesOf(graph);
  const around = new Map([...renamed].filter(([name]) => !own.has(name)));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => withNames(node, around, node.name)),
    outputs: graph.outputs.map((info) => ({ ...info, name: around.get(info.name) ?? info.name })),
  };
}

/** What leaves a condition what it is. */
const PASSING_ON: ReadonlySet<string> = new Set(['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze']);

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
};

const LOGIC: Readonly<Record<string, (a: boolean, b: boolean) => boolean>> = {
  And: (a, b) => a && b,
  Or: (a, b) => a || b,
  Xor: (a, b) => a !== b,
  Equal: (a, b) => a === b,
};

/** How far a condition is followed back. */
const MAX_DEPTH = 32;

/** What conditions are, as far as constants and sizes tell. */
class Conditions {
  readonly #types: Types;
  readonly #producers = new Map<string, Node>();
  /** What is asked for twice is found once: conditions may join the same one over and over. */
  readonly #known = new Map<string, boolean | undefined>();

  constructor(model: Model) {
    this.#types = typesOf(model);
    for (const node of model.graph.nodes) for (const name of node.outputs) this.#producers.set(name, node);
  }

  valueOf(name = ABSENT, depth = 0): boolean | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#find(name, depth));
    return this.#known.get(name);
  }

  #find(name: string, depth: number): boolean | undefined {
    const constant = this.#types.get(name)?.constant;
    if (constant?.dtype === 'bool') {
      const bytes = constant.bytes();
      return bytes.length === 1 ? bytes[0] !== 0 : undefined;
    }
    const size = this.#sizeOf(name);
    if (size !== undefined) return size !== 0;
    const node = this.#producers.get(name);
    if (node === undefined || node.domain !== '' || depth > MAX_DEPTH) return undefined;
    const [left, right] = node.inputs;
    const first = () => this.valueOf(left, depth + 1);
    if (PASSING_ON.has(node.opType)) return first();
    if (node.opType === 'Not') {
      const value = first();
      return value === undefined ? undefined : !value;
    }
    const [a, b] = [this.#sizeOf(left), this.#sizeOf(right)];
    const compare = COMPARISONS[node.opType];
    if (compare && a !== undefined && b !== undefined) return compare(a, b);
    const [p, q] = [first(), this.valueOf(right, depth + 1)];
    return p === undefined || q === undefined ? undefined : LOGIC[node.opType]?.(p, q);
  }

  /** A single whole number that is known. */
  #sizeOf(name = ABSENT): number | undefined {
    const content = contentOf(this.#types.get(name));
    const [size] = content ?? [];
    return content?.length === 1 && typeof size === 'number' ? size : undefined;
  }
}
