import type { Attribute, Attributes } from './model.js';

export type { Attribute, Attributes, AttributeType, Unread } from './model.js';

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
