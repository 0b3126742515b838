import type { Value } from '../ir/value.js';
import { identityOf } from './rule.js';

/**
 * All values that some are computed from, and these, each behind those that it needs; without recursion, since chains may be longer than a
 * stack is deep.
 */
export function topological(last: readonly Value[]): readonly Value[] {
  const order: Value[] = [];
  const seen = new Set<unknown>();
  const open: { readonly value: Value; readonly inputs: (Value | undefined)[] }[] = [];
  const enter = (value: Value | undefined) => {
    if (value === undefined || seen.has(identityOf(value))) return;
    seen.add(identityOf(value));
    const { source } = value;
    open.push({ value, inputs: source.kind === 'operation' ? source.operation.inputs.toReversed() : [] });
  };
  for (const value of last) {
    enter(value);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      if (top.inputs.length > 0) {
        enter(top.inputs.pop());
        continue;
      }
      order.push(top.value);
      open.pop();
    }
  }
  return order;
}
