import { NmodeError } from '../graph/errors.js';
import { sigmoid, softmax } from '../graph/ops/unary.js';
import type { Value } from '../graph/value.js';

/** What turns logits [N, classes, H, W] into what a model gives; softmax is over the classes. */
export const HEADS = ['sigmoid', 'softmax', 'none'] as const;
export type Head = (typeof HEADS)[number];

/** @throws NmodeError (BAD_USAGE) for a softmax over one class, which is 1 everywhere */
export function applyHead(head: Head, logits: Value): Value {
  if (head === 'softmax' && logits.shape[1] === 1) {
    throw new NmodeError('BAD_USAGE', '--head softmax: over one class it is always 1, use sigmoid');
  }
  return { sigmoid, softmax: (x: Value) => softmax(x, 1), none: (x: Value) => x }[head](logits);
}

/** What the logits of this many classes ask for: one is there or not, several exclude each other. */
export function headOfLogits(classes: number): Head {
  return classes === 1 ? 'sigmoid' : 'softmax';
}
