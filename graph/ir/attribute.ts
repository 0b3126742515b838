import type { Tensor } from './tensor.js';

/** Protobuf fields as they stood in a file, tags included: what is not interpreted is written back. */
export type Unread = readonly Uint8Array[];

/**
 * A node's attribute. What is not interpreted is a whole AttributeProto, never opened: a `subgraph`, or any `other` (a type, a
 * sparse tensor, a tensor of strings, an integer beyond 2^53). `whole` is one too, where the value does not tell all of it
 * (the name of a tensor, the last digits of the largest int64); it is what is written back.
 */
export type Attribute = { readonly unread?: Unread; readonly whole?: Uint8Array } & (
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'subgraph' | 'other'; readonly bytes: Uint8Array }
);

export type AttributeType = Attribute['type'];

export type Attributes = ReadonlyMap<string, Attribute>;

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const string = (value: string): Attribute => ({ type: 'string', value });

export function intOf(attributes: Attributes, name: string, otherwise: number): number {
  const attribute = attributes.get(name);
  return attribute?.type === 'int' ? attribute.value : otherwise;
}

export function floatOf(attributes: Attributes, name: string, otherwise: number): number {
  const attribute = attributes.get(name);
  return attribute?.type === 'float' ? attribute.value : otherwise;
}

export function stringOf(attributes: Attributes, name: string, otherwise: string): string {
  const attribute = attributes.get(name);
  return attribute?.type === 'string' ? attribute.value : otherwise;
}

export function intsOf(
  attributes: Attributes,
  name: string,
  otherwise: readonly number[],
): readonly number[] {
  const attribute = attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value : otherwise;
}
