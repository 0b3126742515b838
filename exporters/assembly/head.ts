import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Value } from '../../graph/ir/value.js';
import { sigmoid, softmax } from '../../graph/ops/unary.js';
import { headAdvice } from '../../graph/recipe/head-advice.js';

/** What turns logits [N, classes, H, W] into what a model gives; softmax is over the classes. */
export const HEADS = ['sigmoid', 'softmax', 'none'] as const;
export type Head = (typeof HEADS)[number];

/** @throws NmodeError (BAD_USAGE) for a softmax over one class, which is 1 everywhere */
export function applyHead(head: Head, logits: Value): Value {
  if (head === 'softmax' && logits.shape[1] === 1) {
    throw badUsage("`head: 'softmax'`: over one class it is always 1, use sigmoid");
  }
  return { sigmoid, softmax: (x: Value) => softmax(x, 1), none: (x: Value) => x }[head](logits);
}

/**
 * The head of a hint, or that of the network's own code where that is known, or a sigmoid for one class: it is there or not. Of
 * several, no checkpoint says whether they exclude each other.
 * @throws NmodeError (BAD_USAGE) where a hint is needed, where it contradicts what is known, and where that tells nothing
 */
export function headFor(file: string, classes: number, hint?: Head, own?: Head): Head {
  if (own === 'softmax' && classes === 1 && hint !== 'none') {
    throw badUsage(
      `${file}: the network was trained to end in a softmax over one class, which is always 1: ${option('head', 'none')} gives what goes into it`,
    );
  }
  if (own !== undefined) {
    if (hint === undefined || hint === own || hint === 'none') return hint ?? own;
    throw badUsage(
      `${file}: ${option('head', hint)}, but the network was trained to end in ${own}: leave it out, or give ${option('head', 'none')} for logits`,
    );
  }
  if (hint !== undefined || classes === 1) return hint ?? 'sigmoid';
  throw badUsage(
    `${file}: ${classes} classes, and a checkpoint does not hold what follows the logits: give ${headAdvice(classes)}; to export logits, ${option('head', 'none')}`,
  );
}
