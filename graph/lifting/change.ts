import type { Attribute, Attributes } from '../ir/attribute.js';
import type { DType } from '../ir/dtype.js';
import type { Node } from '../ir/model.js';
import { int64Tensor, type Tensor } from '../ir/tensor.js';
import type { ValueType } from '../ir/value.js';

/**
 * What a node of an earlier opset is in the one that changed its operator: nodes of that opset, of which the last gives what it gave.
 * @throws TypeError, RangeError where it is nothing there, with the reason
 */
export type Change = (node: Node, site: Site) => readonly Node[];

/** What a change may ask of the graph around a node, and what it may add to it. */
export interface Site {
  /** What is known of a value; undefined for one that is absent, too. */
  typeOf(name: string | undefined): ValueType | undefined;
  /** The type of a value that its operator takes as a float alone; undefined where it may be one of several. */
  floatTypeOf(name: string | undefined): DType | undefined;
  /** Whether a node, a subgraph or an output of the graph reads a value. */
  isRead(name: string): boolean;
  /** The name of a constant; equal ones are stored once. */
  constant(tensor: Tensor): string;
  /** A free name, like this one. */
  unique(name: string): string;
}

/** A node without some of its attributes. */
export function without(node: Node, ...names: readonly string[]): Node {
  return { ...node, attributes: new Map([...node.attributes].filter(([name]) => !names.includes(name))) };
}

/** A node with attributes that it has not, or has otherwise. */
export const withAttributes = (node: Node, more: Readonly<Record<string, Attribute>>): Node => ({
  ...node,
  attributes: new Map([...node.attributes, ...Object.entries(more)]),
});

/** A node that stands before another, and gives a value of its own. */
export function before(
  node: Node,
  site: Site,
  opType: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Node & { readonly output: string } {
  const output = site.unique(`${node.outputs[0]}_${opType}`);
  const made = { name: output, opType, domain: '', inputs, outputs: [output] };
  return { ...made, attributes: new Map(Object.entries(attributes)), output };
}

/** The whole numbers of an attribute; undefined where it is absent. @throws TypeError where it holds anything else */
export function intsIn(attributes: Attributes, name: string): readonly number[] | undefined {
  const attribute = attributes.get(name);
  if (attribute === undefined || attribute.type === 'ints') return attribute?.value;
  throw new TypeError(`attribute '${name}' is not a list of whole numbers that are read`);
}

/** int64 of one axis. */
export const listOf = (values: readonly number[]): Tensor => int64Tensor([values.length], values);

/** Without the absent inputs at the end. */
export function trimmed(inputs: readonly string[]): readonly string[] {
  return inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1);
}
