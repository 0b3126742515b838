import type { Node } from '../ir/model.js';
import type { OpDefinition } from '../ir/op.js';
import * as definitions from './definitions.js';

const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  Object.values(definitions)
    .filter((exported) => typeof exported !== 'function')
    .map((definition) => [keyOf({ domain: '', ...definition }), definition]),
);

function keyOf({ domain, opType }: Pick<Node, 'domain' | 'opType'>): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/** The opset that introduced a node's operator; undefined for other domains and unknown ones. */
export function sinceOf({ domain, opType }: Node): number | undefined {
  const definition = domain === '' ? OPS.get(opType) : undefined;
  return definition && (definition.since ?? 1);
}

/** What is known of a node's operator in an opset; undefined where it had another signature then, and for unknown ones. */
export function definitionOf(node: Node, opset: number): OpDefinition | undefined {
  const definition = OPS.get(keyOf(node));
  // Other domains count their opsets on their own, and those known here have one.
  if (definition === undefined || node.domain !== '') return definition;
  const { since = 1, sinceSignature = since } = definition;
  return Math.max(since, sinceSignature) <= opset ? definition : undefined;
}
