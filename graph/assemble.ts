import { type Dim, dimText } from './dim.js';
import { NmodeError } from './errors.js';
import type { Model, Node, ValueInfo } from './model.js';
import type { Tensor } from './tensor.js';
import type { Operation, Value } from './value.js';

/** The opsets this package writes, with the oldest IR version that carries each. */
export const IR_OF_OPSET: ReadonlyMap<number, number> = new Map([
  [13, 7],
  [14, 7],
  [15, 8],
  [16, 8],
  [17, 8],
  [18, 8],
]);

export const DEFAULT_OPSET = 17;

export interface AssembleOptions {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly opset?: number;
  readonly producerVersion: string;
  readonly metadata?: ReadonlyMap<string, string>;
}

/** One authority for names: the first to ask gets its name, later ones a number behind it. */
class Names {
  readonly #taken = new Map<string, number>();

  claim(name: string): string {
    const count = (this.#taken.get(name) ?? 0) + 1;
    this.#taken.set(name, count);
    return count === 1 ? name : this.claim(`${name}_${count}`);
  }
}

/**
 * Turns values into a model: the operations that the outputs need, in topological order, named by the scope they were
 * made in. The same values give the same model, byte for byte.
 */
export function assemble(options: AssembleOptions): Model {
  const opset = options.opset ?? DEFAULT_OPSET;
  const irVersion = IR_OF_OPSET.get(opset);
  if (irVersion === undefined) {
    throw new NmodeError('BAD_USAGE', `opset ${opset} is not supported: choose 13 to 18`);
  }
  const graph = new Assembly(options);
  return {
    irVersion,
    producerName: 'nmode-onnx',
    producerVersion: options.producerVersion,
    opsets: new Map([['', opset]]),
    metadata: options.metadata ?? new Map(),
    graph: {
      name: options.name,
      inputs: options.inputs.map((value) => declare(graph.nameOf(value), value)),
      outputs: Object.entries(options.outputs).map(([name, value]) => declare(name, value)),
      valueInfo: [],
      nodes: graph.nodes,
      initializers: graph.initializers,
    },
  };
}

function declare(name: string, { dtype, shape }: Value): ValueInfo {
  const dims = shape.map((dim: Dim) => (typeof dim === 'number' ? dim : dimText(dim)));
  return { name, type: { dtype, shape: dims } };
}

class Assembly {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  readonly #names = new Names();
  readonly #outputNames = new Map<Operation, string>();
  readonly #placed = new Map<Operation, string>();
  readonly #constants = new Map<string, string>();

  constructor({ inputs, outputs }: AssembleOptions) {
    for (const value of inputs) {
      const name = this.nameOf(value);
      if (this.#names.claim(name) !== name) throw new TypeError(`two inputs are named '${name}'`);
    }
    for (const [name, { source }] of Object.entries(outputs)) {
      if (source.kind !== 'operation') throw new TypeError(`output '${name}' is not computed`);
      if (this.#outputNames.has(source.operation)) throw new TypeError(`output '${name}' has two names`);
      this.#outputNames.set(source.operation, this.#names.claim(name));
    }
    for (const value of Object.values(outputs)) this.nameOf(value);
  }

  /** The name of a value; places the operation behind it first. */
  nameOf({ source }: Value): string {
    switch (source.kind) {
      case 'input':
        return source.name;
      case 'constant':
        return source.name === undefined
          ? this.#shared(source.tensor)
          : this.#named(source.name, source.tensor);
      case 'operation':
        return this.#placed.get(source.operation) ?? this.#place(source.operation);
    }
  }

  #place(operation: Operation): string {
    const inputs = operation.inputs.map((value) => (value === undefined ? '' : this.nameOf(value)));
    while (inputs.at(-1) === '') inputs.pop();
    const { scope, opType, attributes } = operation;
    const name = this.#names.claim(scope === '' ? opType : `${scope}/${opType}`);
    const output = this.#outputNames.get(operation) ?? name;
    this.nodes.push({ name, opType, domain: '', inputs, outputs: [output], attributes });
    this.#placed.set(operation, output);
    return output;
  }

  /** A weight keeps its name; two different tensors of one name are a mistake. */
  #named(name: string, tensor: Tensor): string {
    const known = this.initializers.get(name);
    if (known === tensor) return name;
    if (known !== undefined || this.#names.claim(name) !== name) {
      throw new TypeError(`the name '${name}' is taken: a weight cannot have it`);
    }
    this.initializers.set(name, tensor);
    return name;
  }

  #shared(tensor: Tensor): string {
    const key = `${tensor.dtype} ${tensor.dims} ${Buffer.from(tensor.bytes()).toString('hex')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#names.claim('constant');
    this.#constants.set(key, name);
    this.initializers.set(name, tensor);
    return name;
  }
}
