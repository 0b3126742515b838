import { type UntypedNode, untypedText } from '../../../graph/rewriting/untyped.js';
import type { Field } from './print.js';

/** Of a rewritten model, and of one that is inspected. */
export function untypedField(untyped: readonly UntypedNode[]): Field {
  if (untyped.length === 0) return ['untyped', undefined];
  const behind = untyped.flatMap(({ keeps }) => Object.values(keeps)).reduce((sum, count) => sum + count, 0);
  return [
    'untyped',
    `${untyped.length === 1 ? '1 node' : `${untyped.length} nodes`} and ${behind} after them, which the rules skip (--why lists all)`,
  ];
}

/** The same, one by one. */
export const untypedFields = (untyped: readonly UntypedNode[]): readonly Field[] =>
  untyped.length === 0
    ? [['untyped', 'none: all types are known']]
    : untyped.map((node) => ['untyped', untypedText(node)]);
