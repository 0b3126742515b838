import { cost } from '../../graph/analysis/cost.js';
import type { Model } from '../../graph/ir/model.js';

/** The cost of a network that was built here: of its operators each is known. */
export function networkCost(model: Model, known?: Readonly<Record<string, number>>) {
  const { macs, peakBytes } = cost(model, known);
  if (macs === undefined || peakBytes === undefined) throw new TypeError('an operator has no cost');
  return { macs, peakBytes };
}
