import type { Node } from '../ir/model.js';
import type { OpDefinition } from '../ir/op.js';
import * as definitions from './definitions.js';

const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  Object.values(definitions).map((definition) => [definition.opType, definition]),
);

/** The opset that introduced a node's operator; undefined for other domains and unknown ones. */
export function sinceOf({ domain, opType }: Node): number | undefined {
  return domain === '' ? OPS.get(opType)?.since : undefined;
}

/** What is known of a node's operator in an opset; undefined where it had another signature then, and for unknown ones. */
export function definitionOf({ domain, opType }: Node, opset: number): OpDefinition | undefined {
  const definition = domain === '' ? OPS.get(opType) : undefined;
  if (definition === undefined) return undefined;
  return (definition.sinceSignature ?? definition.since) <= opset ? definition : undefined;
}
