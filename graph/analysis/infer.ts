import { badModel, reason } from '../common/errors.js';
import { type Dim, numbers, OPEN, symbol } from '../ir/dim.js';
import { ABSENT, type DeclaredType, type Model, type Node, nodeName, opsetOf } from '../ir/model.js';
import { checkShape, inferOutputs } from '../ir/op.js';
import { byteLength } from '../ir/tensor.js';
import type { ValueType } from '../ir/value.js';
import { definitionOf } from '../ops/index.js';

/** Types of the values of a model, by name. A value is absent where nothing can be said. */
export type Types = ReadonlyMap<string, ValueType>;

/** A declared size, or what it is called where it is open: some exporters name nothing, some write -1. */
export function openName(value: string, size: number | string, axis: number): number | string {
  return size === '' || (typeof size === 'number' && size < 0) ? `${value} axis ${axis}` : size;
}

/** A declared type as a symbolic one; undefined where even the rank is open. `known` replaces named sizes. */
export function fromDeclared(
  name: string,
  type: DeclaredType | undefined,
  known: Readonly<Record<string, Dim>> = {},
): ValueType | undefined {
  if (type?.shape === undefined) return undefined;
  const shape = type.shape.map((size, axis): Dim => {
    const dim = openName(name, size, axis);
    if (typeof dim === 'number') return dim;
    return (Object.hasOwn(known, dim) ? known[dim] : undefined) ?? symbol(dim);
  });
  checkShape(shape);
  return { dtype: type.dtype, shape };
}

/**
 * Infers the types of all values, in the order of the nodes.
 * @param known sizes to put in place of named dimensions of the inputs, for example `{ N: 1, H: 256, W: 256 }`
 * @param otherwise types of values of which nothing can be inferred
 * @throws NmodeError (BAD_MODEL) naming the first node whose inputs do not fit it
 */
export function inferTypes(
  model: Model,
  known: Readonly<Record<string, Dim>> = {},
  otherwise: Types = new Map(),
): Types {
  const types = new Map<string, ValueType>();
  for (const { name, type } of model.graph.inputs) {
    const inferred = naming(`input '${name}'`, () => fromDeclared(name, type, known));
    if (inferred !== undefined) types.set(name, inferred);
  }
  for (const [name, tensor] of model.graph.initializers) {
    types.set(name, { dtype: tensor.dtype, shape: tensor.dims, constant: tensor });
  }
  const opset = opsetOf(model);
  for (const node of model.graph.nodes) {
    const outputs = inferNode(node, types, opset, otherwise);
    node.outputs.forEach((name, index) => {
      const type = outputs[index] ?? otherwise.get(name);
      if (type !== undefined && name !== ABSENT) types.set(name, type);
    });
  }
  return types;
}

/** What a model declares of the values between its inputs and its outputs, and of these. */
export function declaredTypes({ graph }: Model, known: Readonly<Record<string, Dim>> = {}): Types {
  const types = new Map<string, ValueType>();
  for (const { name, type } of [...graph.valueInfo, ...graph.outputs]) {
    const declared = naming(`value '${name}'`, () => fromDeclared(name, type, known));
    if (declared !== undefined) types.set(name, declared);
  }
  return types;
}

/** The inputs of a node as types; undefined where one of them is not known. */
export function inputTypes(node: Node, types: Types): (ValueType | undefined)[] | undefined {
  const inputs = node.inputs.map((name) => (name === ABSENT ? undefined : types.get(name)));
  return inputs.some((type, index) => type === undefined && node.inputs[index] !== ABSENT)
    ? undefined
    : inputs;
}

/**
 * The types of a node's outputs; none where nothing can be said. A size that only a run tells is what is declared of it, or has a name of its own.
 * @throws NmodeError (BAD_MODEL) where its inputs do not fit
 */
export function inferNode(
  node: Node,
  types: Types,
  opset: number,
  declared: Types = NOTHING_DECLARED,
): readonly ValueType[] {
  const definition = definitionOf(node, opset);
  const inputs = inputTypes(node, types);
  if (definition === undefined || inputs === undefined) return [];
  const outputs = naming(`node '${nodeName(node)}' (${node.opType})`, () =>
    inferOutputs(definition, inputs, node.attributes, node.outputs.length),
  );
  return outputs.map((type, index) => closed(type, node.outputs[index] ?? ABSENT, declared));
}

const NOTHING_DECLARED: Types = new Map();

function closed(type: ValueType, name: string, declared: Types): ValueType {
  if (!type.shape.includes(OPEN)) return type;
  const known = declared.get(name)?.shape;
  const shape = type.shape.map((dim, axis) => {
    if (dim !== OPEN) return dim;
    const own = known?.length === type.shape.length ? known[axis] : undefined;
    return own ?? symbol(`${name} axis ${axis}`);
  });
  return { ...type, shape };
}

/** The bytes of a value; undefined where its type or a size is open. */
export function bytesOf(name: string, types: Types): number | undefined {
  const type = types.get(name);
  const sizes = type && numbers(type.shape);
  return sizes && byteLength(type.dtype, sizes);
}

/** Names what a misfit belongs to. @throws NmodeError (BAD_MODEL) in the place of what is thrown */
export function naming<T>(place: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw badModel(`${place}: ${reason(error)}`, { cause: error });
  }
}
