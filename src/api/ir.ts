/**
 * Types of graphs: what `layers` compute on, and what `training` makes models of. Experimental: they may still change.
 *
 * @experimental
 */

export type { Attribute, Attributes } from '../../graph/ir/attribute.js';
export type { Dim, SymbolicDim, Term } from '../../graph/ir/dim.js';
export type {
  DeclaredType,
  FunctionBody,
  Graph,
  Initializer,
  LocalFunction,
  Model,
  Node,
  Unread,
  ValueInfo,
} from '../../graph/ir/model.js';
export type { TensorView } from '../../graph/ir/tensor.js';
export type { Operation, Source, ValueType } from '../../graph/ir/value.js';
