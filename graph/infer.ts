import { type Dim, symbol } from './dim.js';
import { NmodeError, reason } from './errors.js';
import type { DeclaredType, Model, Node } from './model.js';
import { definitionOf } from './ops/index.js';
import type { ValueType } from './value.js';

/** Types of the values of a model, by name. A value is absent where nothing can be said. */
export type Types = ReadonlyMap<string, ValueType>;

/** A declared type as a symbolic one; undefined where even the rank is open. `known` replaces named sizes. */
export function fromDeclared(
  type: DeclaredType | undefined,
  known: Readonly<Record<string, number>> = {},
): ValueType | undefined {
  if (type?.shape === undefined) return undefined;
  const shape = type.shape.map((dim, axis): Dim => {
    if (typeof dim === 'number') return dim;
    return known[dim] ?? symbol(dim === '' ? `axis ${axis}` : dim);
  });
  return { dtype: type.dtype, shape };
}

/**
 * Infers the types of all values, in the order of the nodes.
 * @param known sizes to put in place of named dimensions of the inputs, for example `{ N: 1, H: 256, W: 256 }`
 * @throws NmodeError (BAD_MODEL) naming the first node whose inputs do not fit it
 */
export function inferTypes(model: Model, known: Readonly<Record<string, number>> = {}): Types {
  const types = new Map<string, ValueType>();
  for (const { name, type } of model.graph.inputs) {
    const inferred = fromDeclared(type, known);
    if (inferred !== undefined) types.set(name, inferred);
  }
  for (const [name, tensor] of model.graph.initializers) {
    types.set(name, { dtype: tensor.dtype, shape: tensor.dims, constant: tensor });
  }
  for (const node of model.graph.nodes) {
    const outputs = inferNode(node, types);
    outputs.forEach((type, at) => {
      const name = node.outputs[at];
      if (name !== undefined && name !== '') types.set(name, type);
    });
  }
  return types;
}

/** The inputs of a node as types; undefined where one of them is not known. */
export function inputTypes(node: Node, types: Types): (ValueType | undefined)[] | undefined {
  const inputs = node.inputs.map((name) => (name === '' ? undefined : types.get(name)));
  return inputs.some((type, at) => type === undefined && node.inputs[at] !== '') ? undefined : inputs;
}

function inferNode(node: Node, types: Types): readonly ValueType[] {
  const definition = definitionOf(node);
  const inputs = inputTypes(node, types);
  if (definition === undefined || inputs === undefined) return [];
  try {
    return definition.infer(inputs, node.attributes);
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `node '${node.name}' (${node.opType}): ${reason(error)}`, {
      cause: error,
    });
  }
}
