import { sigmoid, softmax } from '../graph/ops/unary.js';
import type { Value } from '../graph/value.js';

/** What turns logits [N, classes, H, W] into what a model gives; softmax is over the classes. */
export const HEADS = ['sigmoid', 'softmax', 'none'] as const;
export type Head = (typeof HEADS)[number];

export function applyHead(head: Head, logits: Value): Value {
  return { sigmoid, softmax: (x: Value) => softmax(x, 1), none: (x: Value) => x }[head](logits);
}

/** What the logits of this many classes ask for: one is there or not, several exclude each other. */
export function headOfLogits(classes: number): Head {
  return classes === 1 ? 'sigmoid' : 'softmax';
}
