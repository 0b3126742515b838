import { declaredTypes, fromDeclared, inferNode, naming } from '../analysis/infer.js';
import { holdsSubgraph, namesIn, readsUnseen, subgraphsOf, withSubgraphs } from '../analysis/subgraphs.js';
import { badModel, unlessRefused } from '../common/errors.js';
import { type DType, dtypeOfCode } from '../ir/dtype.js';
import { ABSENT, type Graph, type Model, type Node, nodeName, opsetOf } from '../ir/model.js';
import { constant, type ValueType } from '../ir/value.js';
import { IR_OF_OPSET } from '../rewriting/assemble.js';
import { NameAllocator } from '../rewriting/name-allocator.js';
import { decided } from './branches.js';
import type { Change, Site } from './change.js';
import { CHANGES } from './changes.js';
import { withConstantsAlone } from './freeze.js';
import { inlined } from './inlining.js';
import { OPERATORS } from './operators.js';

/** The oldest opset that models are lifted from. */
const OLDEST = 6;

/** What the rules of this package, int8 and decoders are written in. */
export const LIFTED_OPSET = 13;

/** The changes of each operator, the oldest first. */
const BY_OPERATOR = new Map<string, { readonly opset: number; readonly change: Change }[]>();
for (const [opset, operators, change] of CHANGES) {
  for (const opType of operators.split(' ')) {
    BY_OPERATOR.set(opType, [...(BY_OPERATOR.get(opType) ?? []), { opset, change }]);
  }
}

/**
 * A model of a later opset that computes the same; as it is where it has that opset or a later one.
 * @throws NmodeError (BAD_MODEL) for one older than 6, and where a node has no later form, which it names
 */
export function lift(model: Model, to = LIFTED_OPSET): Model {
  const from = opsetOf(model);
  // One that has none of ONNX's own operators states no opset of them.
  if (from >= to || from === 0) return model;
  if (from < OLDEST) {
    throw badModel(`opset ${from} is too old to be lifted: ${OLDEST} is the oldest`);
  }
  return new Lifting(withConstantsAlone(model), from, to).model();
}

/** A model in a form of which most is known, for what is only counted or looked for; as it is where it cannot be lifted. */
export function liftedToCount(given: Model): Model {
  const { model } = decided(inlined(given).model);
  return unlessRefused(() => lift(model), model);
}

class Lifting implements Site {
  readonly #placement: NameAllocator;
  readonly #types: Map<string, ValueType>;
  readonly #read: ReadonlySet<string>;
  readonly #hasOtherFloats: boolean;

  constructor(
    private readonly given: Model,
    private readonly from: number,
    private readonly to: number,
  ) {
    const nested = given.graph.nodes.find(readsUnseen);
    if (nested !== undefined) {
      throw badModel(
        `node '${nodeName(nested)}' (${nested.opType}) holds a subgraph that cannot be read, and so is not lifted to opset ${to}: run it as it is, or give one without control flow`,
      );
    }
    this.#placement = new NameAllocator(namesIn(given.graph));
    this.#read = new Set(readIn(given.graph));
    this.#types = new Map(declaredTypes(given));
    this.#declare(given.graph);
    this.#hasOtherFloats = hasOtherFloats(given);
  }

  model(): Model {
    const { graph, irVersion, opsets } = this.given;
    const nodes = this.#nodesOf(graph);
    const others = [...opsets].filter(([domain]) => domain !== '' && domain !== 'ai.onnx');
    return {
      ...this.given,
      irVersion: Math.max(irVersion, IR_OF_OPSET.get(this.to) ?? irVersion),
      opsets: new Map([['', this.to], ...others]),
      graph: {
        ...graph,
        nodes,
        initializers: new Map([...graph.initializers, ...this.#placement.initializers]),
      },
    };
  }

  #nodesOf({ nodes }: Graph): readonly Node[] {
    return nodes.flatMap((node) => this.#lifted(withSubgraphs(node, (inner) => this.#nodesWithin(inner))));
  }

  #nodesWithin(graph: Graph): Graph {
    this.#declare(graph);
    // Constants of theirs become those of the graph around them.
    return { ...graph, nodes: this.#nodesOf(graph) };
  }

  #declare({ inputs, initializers }: Graph): void {
    for (const { name, type } of inputs) {
      const declared = fromDeclared(name, type);
      if (declared !== undefined) this.#types.set(name, declared);
    }
    for (const [name, tensor] of initializers) {
      this.#types.set(name, { dtype: tensor.dtype, shape: tensor.dims, constant: tensor });
    }
  }

  #lifted(node: Node): readonly Node[] {
    if (node.domain === '' && !OPERATORS.has(node.opType)) {
      throw badModel(
        `node '${nodeName(node)}' (${node.opType}): not an operator of ONNX up to opset ${this.to}`,
      );
    }
    const place = `node '${nodeName(node)}' (${node.opType}) cannot be lifted from opset ${this.from} to ${this.to}`;
    const nodes = naming(place, () => this.#after(node, this.from));
    for (const made of nodes) {
      inferNode(made, this.#types, this.to, this.#types).forEach((type, index) => {
        const name = made.outputs[index] ?? ABSENT;
        if (name !== ABSENT) this.#types.set(name, type);
      });
    }
    return nodes;
  }

  /** What a node of an opset is in the last: the changes after that, one after the other. */
  #after(node: Node, opset: number): readonly Node[] {
    const changes = (node.domain === '' && BY_OPERATOR.get(node.opType)) || [];
    const next = changes.find((change) => change.opset > opset && change.opset <= this.to);
    if (next === undefined) return [node];
    return next.change(node, this).flatMap((made) => this.#after(made, next.opset));
  }

  typeOf(name = ABSENT): ValueType | undefined {
    return this.#types.get(name);
  }

  floatTypeOf(name: string | undefined): DType | undefined {
    return this.typeOf(name)?.dtype ?? (this.#hasOtherFloats ? undefined : 'float32');
  }

  isRead(name: string): boolean {
    return this.#read.has(name);
  }

  constant(tensor: Parameters<typeof constant>[0]): string {
    const name = this.#placement.nameOf(constant(tensor));
    this.#types.set(name, { dtype: tensor.dtype, shape: tensor.dims, constant: tensor });
    return name;
  }

  unique(name: string): string {
    return this.#placement.unique(name);
  }
}

/** What is read in a graph and in those within it. */
function* readIn({ nodes, outputs }: Graph): Generator<string> {
  for (const { name } of outputs) yield name;
  for (const node of nodes) {
    yield* node.inputs;
    for (const inner of subgraphsOf(node)) yield* readIn(inner);
  }
}

/** The element types of ONNX that a float may have besides float32. */
const OTHER_FLOATS: readonly (DType | undefined)[] = ['float16', 'float64', 'bfloat16'];

/** Whether a model may compute in another float than float32: one is declared, stored, cast to, or gone with by who knows what. */
function hasOtherFloats({ graph }: Model): boolean {
  const isOther = (dtype: DType | undefined) => OTHER_FLOATS.includes(dtype);
  return (
    [...graph.inputs, ...graph.outputs, ...graph.valueInfo].some(({ type }) => isOther(type?.dtype)) ||
    [...graph.initializers.values()].some(({ dtype }) => isOther(dtype)) ||
    graph.nodes.some(
      (node) =>
        node.domain !== '' ||
        holdsSubgraph(node) ||
        [...node.attributes.values()].some(
          (attribute) =>
            (attribute.type === 'int' && isOther(dtypeOfCode(attribute.value))) ||
            (attribute.type === 'tensor' && isOther(attribute.value.dtype)) ||
            attribute.type === 'other',
        ),
    )
  );
}
