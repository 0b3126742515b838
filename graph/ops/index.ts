import type { Node } from '../ir/model.js';
import type { OpDefinition } from '../ir/op.js';
import * as definitions from './definitions.js';

const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  Object.values(definitions).map((definition) => [keyOf({ domain: '', ...definition }), definition]),
);

function keyOf({ domain, opType }: Pick<Node, 'domain' | 'opType'>): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/** The opset that introduced a node's operator; undefined for other domains and unknown ones. */
export function sinceOf({ domain, opType }: Node): number | undefined {
  return domain === '' ? OPS.get(opType)?.since : undefined;
}

/** What is known of a node's operator in an opset; undefined where it had another signature then, and for unknown ones. */
export function definitionOf(node: Node, opset: number): OpDefinition | undefined {
  const definition = OPS.get(keyOf(node));
  // Other domains count their opsets on their own, and those known here have one.
  if (definition === undefined || node.domain !== '') return definition;
  return (definition.sinceSignature ?? definition.since) <= opset ? definition : undefined;
}
