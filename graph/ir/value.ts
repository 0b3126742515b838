import type { Attributes } from './attribute.js';
import { type Dim, numbers } from './dim.js';
import type { DType } from './dtype.js';
import { elementCount, float32Values, int64Tensor, integerValues, type Tensor } from './tensor.js';

/** What is known of a value before anything runs. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /**
   * The elements of a value that holds sizes (the result of Shape and arithmetic on it). Truth is 1 or 0, and only a number of a float32
   * value need not be whole.
   */
  readonly content?: readonly Dim[];
  /** The value itself, where it is a constant. */
  readonly constant?: Tensor;
}

/**
 * An immutable node of a graph under construction: its type and where it comes from. Names are given when the graph
 * is assembled, and only what its outputs need ends up in it.
 *
 * @experimental
 */
export interface Value extends ValueType {
  readonly source: Source;
}

export type Source =
  | { readonly kind: 'input'; readonly name: string }
  /** A named weight; a constant without a name is shared by content. */
  | { readonly kind: 'constant'; readonly name?: string; readonly tensor: Tensor }
  | { readonly kind: 'operation'; readonly operation: Operation };

/** One application of an operator, with the scope it was made in. Of what it gives, the first output alone is taken. */
export interface Operation {
  readonly opType: string;
  readonly scope: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** How many outputs it has; default 1. */
  readonly outputs?: number;
}

export function input(name: string, dtype: DType, shape: readonly Dim[]): Value {
  return { dtype, shape, source: { kind: 'input', name } };
}

/** A named constant, stored under this very name. */
export function initializer(name: string, tensor: Tensor): Value {
  return { ...constant(tensor), source: { kind: 'constant', name, tensor } };
}

/** A constant of the arithmetic (a coefficient, a scale): equal ones are stored once. */
export function constant(tensor: Tensor): Value {
  return { dtype: tensor.dtype, shape: tensor.dims, constant: tensor, source: { kind: 'constant', tensor } };
}

/** A constant list of whole numbers, int64 [count]: sizes, places, axes. */
export const int64List = (values: readonly number[]): Value => constant(int64Tensor([values.length], values));

/** Sizes are short; longer constants are data and not worth following. */
export const MAX_CONTENT = 64;

/** The elements of a short value, where they are known. Exporters compute sizes in float32 too: those are followed as well. */
export function contentOf(type: ValueType | undefined): readonly Dim[] | undefined {
  if (type?.content !== undefined) return type.content;
  const tensor = type?.constant;
  if (tensor === undefined || elementCount(tensor.dims) > MAX_CONTENT) return undefined;
  if (tensor.dtype === 'int64' || tensor.dtype === 'int32') return integerValues(tensor);
  // What is computed from weights is no size.
  return tensor.dtype === 'float32' && tensor.fill === undefined
    ? Array.from(float32Values(tensor))
    : undefined;
}

/** The same as numbers; undefined where one is open, too. */
export function numbersIn(type: ValueType | undefined): readonly number[] | undefined {
  const content = contentOf(type);
  return content && numbers(content);
}

let innermost = '';

/**
 * Names the operations made while `body` runs, by the path of the module they belong to (`up1.g.0`). The innermost
 * scope counts. As in JAX's `named_scope`, it lasts only as long as the synchronous call.
 */
export function scope<T>(path: string, body: () => T): T {
  const outer = innermost;
  innermost = path;
  try {
    return body();
  } finally {
    innermost = outer;
  }
}

export function currentScope(): string {
  return innermost;
}
