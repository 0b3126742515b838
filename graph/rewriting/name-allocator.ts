import { dimText } from '../ir/dim.js';
import type { Node, ValueInfo } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import type { Operation, Value, ValueType } from '../ir/value.js';

/** The declaration of a value in a file. */
export function declare(name: string, { dtype, shape }: Value): ValueInfo {
  const dims = shape.map((dim) => (typeof dim === 'number' ? dim : dimText(dim)));
  return { name, type: { dtype, shape: dims } };
}

/** Gives values their names and brings their operations into topological order: the one authority for names of a graph. */
export class NameAllocator {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  /** Of what was placed. */
  readonly types = new Map<string, ValueType>();
  /** What those with a number behind their name would be called, were it free. */
  readonly wishes = new Map<string, string>();
  readonly #taken = new Map<string, number>();
  readonly #given = new Map<Operation, string>();
  readonly #placed = new Map<Operation, string>();
  readonly #constants = new Map<string, string>();

  /** @param taken names that are given already */
  constructor(taken: Iterable<string> = []) {
    for (const name of taken) this.claim(name);
  }

  /** Takes a name. @throws TypeError where it is taken */
  claim(name: string): void {
    if (this.unique(name) !== name) throw new TypeError(`two values are named '${name}'`);
  }

  /** The first to ask gets its name, later ones a number behind it. */
  unique(name: string): string {
    const count = (this.#taken.get(name) ?? 0) + 1;
    this.#taken.set(name, count);
    if (count === 1) return name;
    const numbered = this.unique(`${name}_${count}`);
    this.wishes.set(numbered, name);
    return numbered;
  }

  /** Says what a computed value is called once it is placed; the name is claimed already. */
  give({ source }: Value, name: string): void {
    if (source.kind !== 'operation') throw new TypeError(`output '${name}' is not computed`);
    if (this.#given.has(source.operation)) throw new TypeError(`output '${name}' has two names`);
    this.#given.set(source.operation, name);
  }

  /** Places what outputs need, and gives them their names. @throws TypeError where it cannot */
  placeOutputs(outputs: Readonly<Record<string, Value>>): readonly ValueInfo[] {
    const entries = Object.entries(outputs);
    for (const [name, value] of entries) {
      this.claim(name);
      this.give(value, name);
    }
    for (const [, value] of entries) this.nameOf(value);
    return entries.map(([name, value]) => declare(name, value));
  }

  /** The name of a value; places the operation behind it first. */
  nameOf(value: Value): string {
    const name = this.#nameOf(value);
    this.types.set(name, value);
    return name;
  }

  #nameOf({ source }: Value): string {
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

  /** Places an operation behind those that it needs; without recursion, since chains may be longer than a stack is deep. */
  #place(outermost: Operation): string {
    const open: { readonly operation: Operation; readonly inputs: string[] }[] = [
      { operation: outermost, inputs: [] },
    ];
    let output = '';
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const needed = this.#nameInputs(last.operation, last.inputs);
      if (needed !== undefined) {
        open.push({ operation: needed, inputs: [] });
      } else {
        output = this.#emit(last.operation, last.inputs);
        open.pop();
      }
    }
    return output;
  }

  /** Goes on with the names of inputs, up to one that has to be placed before. */
  #nameInputs({ inputs }: Operation, names: string[]): Operation | undefined {
    for (const value of inputs.slice(names.length)) {
      if (value?.source.kind === 'operation' && !this.#placed.has(value.source.operation)) {
        return value.source.operation;
      }
      names.push(value === undefined ? '' : this.nameOf(value));
    }
    return undefined;
  }

  #emit(operation: Operation, inputs: string[]): string {
    while (inputs.at(-1) === '') inputs.pop();
    const { scope, opType, attributes, outputs = 1 } = operation;
    const name = this.unique(scope === '' ? opType : `${scope}/${opType}`);
    const output = this.#given.get(operation) ?? name;
    const others = Array.from({ length: outputs - 1 }, () => this.unique(`${name}_other`));
    this.nodes.push({ name, opType, domain: '', inputs, outputs: [output, ...others], attributes });
    this.#placed.set(operation, output);
    return output;
  }

  /** A weight keeps its name; two different tensors of one name are a mistake. */
  #named(name: string, tensor: Tensor): string {
    const known = this.initializers.get(name);
    if (known === tensor) return name;
    if (known !== undefined || this.unique(name) !== name) {
      throw new TypeError(`the name '${name}' is taken: a weight cannot have it`);
    }
    this.initializers.set(name, tensor);
    return name;
  }

  #shared(tensor: Tensor): string {
    const key = `${tensor.dtype} ${tensor.dims} ${Buffer.from(tensor.bytes()).toString('hex')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.unique('constant');
    this.#constants.set(key, name);
    this.initializers.set(name, tensor);
    return name;
  }
}
