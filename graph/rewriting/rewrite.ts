import { inferTypes, type Types } from '../analysis/infer.js';
import { neededNodes } from '../analysis/prune.js';
import { captured, namesIn, namesRead, readsUnseen } from '../analysis/subgraphs.js';
import { at } from '../common/at.js';
import { badModel } from '../common/errors.js';
import { ABSENT, type Model, type Node, nodeName, opsetOf, replaceable } from '../ir/model.js';
import { apply } from '../ir/op.js';
import type { Tensor } from '../ir/tensor.js';
import { initializer, scope, type Value, type ValueType } from '../ir/value.js';
import { definitionOf } from '../ops/index.js';
import { NameAllocator } from './name-allocator.js';

/** What the only output of a node can be computed by instead; undefined where the rule does not hold for it. */
export type Rule = (node: Node, graph: Rewriting) => Value | undefined;

/**
 * Applies a rule to every node, in their order: what stands before a node was rewritten already. Nodes and weights that no
 * output needs are left out.
 * Subgraphs stay as they are, and so does what they read.
 * @throws NmodeError (BAD_MODEL) for a graph with a subgraph that cannot be read: what that reads is not seen
 */
export function rewrite(model: Model, rule: Rule) {
  return new Rewriting(model).apply(rule);
}

/** Many rules hold nowhere in a model, and leave it to the next. */
const inferred = new WeakMap<Model, Types>();

/** The types that passes know. An initializer that is also an input is no constant: whoever runs the model may give another. */
export function typesOf(model: Model): Types {
  const { graph } = model;
  const given = replaceable(model);
  const constants = new Map([...graph.initializers].filter(([name]) => !given.has(name)));
  const types = inferred.get(model) ?? inferTypes({ ...model, graph: { ...graph, initializers: constants } });
  inferred.set(model, types);
  return types;
}

/** A place in the graph, whose node changes when what it reads gets another name. */
interface Cell {
  node: Node;
}

const NOBODY: ReadonlySet<Cell> = new Set();

/** A graph while it is rewritten: who computes a value, and who reads it. */
export class Rewriting {
  readonly opset: number;
  readonly #model: Model;
  readonly #types: Map<string, ValueType>;
  readonly #initializers: Map<string, Tensor>;
  readonly #inputs: ReadonlySet<string>;
  readonly #outputs: ReadonlySet<string>;
  readonly #producers = new Map<string, Cell>();
  readonly #consumers = new Map<string, Set<Cell>>();
  readonly #placement: NameAllocator;
  readonly #cells: Cell[] = [];
  /** Nodes that were replaced. */
  #changes = 0;

  /** @throws NmodeError (BAD_MODEL) */
  constructor(model: Model) {
    const { inputs, outputs, initializers, nodes } = model.graph;
    const nested = nodes.find(readsUnseen);
    if (nested !== undefined) {
      throw badModel(
        `node '${nodeName(nested)}' (${nested.opType}) holds a subgraph that cannot be read, and what that takes from the graph is not seen: run it as it is, or give one without control flow`,
      );
    }
    this.#model = model;
    this.opset = opsetOf(model);
    this.#inputs = new Set(inputs.map(({ name }) => name));
    this.#types = new Map(typesOf(model));
    this.#initializers = new Map(initializers);
    // What a subgraph reads keeps its name and its value, as an output does.
    this.#outputs = new Set([...outputs.map(({ name }) => name), ...nodes.flatMap(captured)]);
    this.#placement = new NameAllocator(namesIn(model.graph));
    for (const node of nodes) this.#add({ node });
  }

  /**
   * A value of the graph, to compute others from; undefined where its type is not known. (Nobody knows, gives or reads a name that a node
   * does not have.)
   */
  value(name = ABSENT): Value | undefined {
    const type = this.#types.get(name);
    return type && { ...type, source: { kind: 'input', name } };
  }

  constant(name = ABSENT): Tensor | undefined {
    return this.#types.get(name)?.constant;
  }

  producer(name = ABSENT): Node | undefined {
    return this.#producers.get(name)?.node;
  }

  consumers(name = ABSENT): readonly Node[] {
    return Array.from(this.#consumers.get(name) ?? [], ({ node }) => node);
  }

  /** How many nodes read a value. */
  consumerCount(name = ABSENT): number {
    return (this.#consumers.get(name) ?? NOBODY).size;
  }

  isOutput(name = ABSENT): boolean {
    return this.#outputs.has(name);
  }

  /** Whether one node alone reads a value, so that it need not be computed as it is. */
  isOwn(name = ABSENT): boolean {
    return this.consumerCount(name) === 1 && !this.isOutput(name);
  }

  /** A new weight, under this name where that is free in the end. */
  weight(name: string, tensor: Tensor): Value {
    const given = this.#placement.unique(name);
    const value = initializer(given, tensor);
    this.#initializers.set(given, tensor);
    this.#types.set(given, value);
    return { ...value, source: { kind: 'input', name: given } };
  }

  /** The same operator, with the same attributes and other inputs, of another first input. */
  reapplied(node: Node, x: Value): Value {
    const definition = definitionOf(node, this.opset);
    if (definition === undefined) throw new TypeError(`node '${node.name}' (${node.opType}) is not known`);
    const rest = node.inputs.slice(1).map((name) => this.value(name));
    return apply(definition, [x, ...rest], Object.fromEntries(node.attributes));
  }

  apply(rule: Rule) {
    for (const cell of this.#cells.splice(0)) {
      const { node } = cell;
      if (!this.#isNeeded(node)) continue;
      const value = inScopeOf(node, () => rule(node, this));
      // An output keeps its name, so that it cannot become another value.
      const stays = this.isOutput(node.outputs[0]) && value?.source.kind !== 'operation';
      if (value === undefined || stays) this.#cells.push(cell);
      else this.#replace(cell, value);
    }
    return { changes: this.#changes, model: this.#finish() };
  }

  #isNeeded({ outputs }: Node): boolean {
    return outputs.some((name) => this.isOutput(name) || this.consumerCount(name) > 0);
  }

  #add(cell: Cell): void {
    this.#cells.push(cell);
    for (const name of cell.node.outputs) if (name !== ABSENT) this.#producers.set(name, cell);
    for (const name of cell.node.inputs) {
      if (name !== ABSENT) this.#consumers.set(name, (this.#consumers.get(name) ?? new Set()).add(cell));
    }
  }

  #replace(cell: Cell, value: Value): void {
    const output = at(cell.node.outputs, 0);
    const { nodes, types, initializers } = this.#placement;
    const before = nodes.length;
    if (this.isOutput(output)) this.#placement.give(value, output);
    const name = this.#placement.nameOf(value);
    for (const node of nodes.slice(before)) this.#add({ node });
    for (const [made, type] of types) this.#types.set(made, type);
    for (const [made, tensor] of initializers) this.#initializers.set(made, tensor);
    types.clear();
    if (name !== output) this.#redirect(output, name);
    this.#forget(cell);
    this.#changes++;
  }

  #redirect(from: string, to: string): void {
    const readers = this.#consumers.get(from) ?? new Set();
    for (const reader of readers) {
      const inputs = reader.node.inputs.map((name) => (name === from ? to : name));
      reader.node = { ...reader.node, inputs };
      this.#consumers.set(to, (this.#consumers.get(to) ?? new Set()).add(reader));
    }
    this.#consumers.delete(from);
  }

  /** Takes a node away as a reader, and with it those that it was the last to read. */
  #forget(cell: Cell): void {
    const gone = [cell];
    for (let next = gone.pop(); next !== undefined; next = gone.pop()) {
      for (const name of next.node.inputs) {
        this.#consumers.get(name)?.delete(next);
        const before = this.#producers.get(name);
        if (before !== undefined && !this.#isNeeded(before.node)) gone.push(before);
      }
    }
  }

  #finish(): Model {
    const { graph } = this.#model;
    const nodes = neededNodes(
      this.#cells.map(({ node }) => node),
      this.#outputs,
    );
    const made = new Set(nodes.flatMap(({ outputs }) => outputs));
    const read = new Set([...nodes.flatMap(namesRead), ...this.#outputs, ...this.#inputs]);
    const kept = [...this.#initializers].filter(([name]) => read.has(name));
    const names = this.#freed([...made, ...read, ...nodes.map(({ name }) => name)]);
    const nameOf = (name: string) => names.get(name) ?? name;
    return {
      ...this.#model,
      graph: {
        ...graph,
        valueInfo: graph.valueInfo.filter(({ name }) => made.has(name)),
        nodes: nodes.map((node) => ({
          ...node,
          name: nameOf(node.name),
          inputs: node.inputs.map(nameOf),
          outputs: node.outputs.map(nameOf),
        })),
        initializers: new Map(kept.map(([name, tensor]) => [nameOf(name), tensor])),
      },
    };
  }

  /** Names without the number that they were given beside others which are gone. */
  #freed(used: readonly string[]): ReadonlyMap<string, string> {
    const taken = new Set(used);
    const names = new Map<string, string>();
    for (const [name, wish] of this.#placement.wishes) {
      if (!taken.has(name) || taken.has(wish)) continue;
      taken.add(wish);
      names.set(name, wish);
    }
    return names;
  }
}

/** Makes new nodes in the module of another: `inc.double_conv.0` of `inc.double_conv.0/Conv`. */
export function inScopeOf<T>({ name }: Node, body: () => T): T {
  return scope(name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '', body);
}
