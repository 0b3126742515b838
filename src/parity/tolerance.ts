import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { pick } from '../../graph/common/pick.js';
import type { Model } from '../../graph/ir/model.js';
import { DEFAULT_TOLERANCE, type ParityOptions } from './parity.js';

/** How far an export may be from its reference. */
export interface ReferenceTolerance {
  /** Largest absolute difference that passes; default 1e-5, of logits times the largest of them where that is above 1. */
  readonly atol?: number;
  /** Added to it: this times |reference|; default 0. */
  readonly rtol?: number;
}

/**
 * What a reference is compared by. Rounding grows with values: logits are held to a share of the largest of them, which for
 * probabilities is 1, unless a tolerance is given.
 * @param hasLogits whether an output is not of probabilities
 * @throws NmodeError (BAD_USAGE) for what is no tolerance, and for one of nothing
 */
export function parityRule(
  hasLogits: boolean,
  given: ReferenceTolerance,
  isVerified: boolean,
): ParityOptions {
  const tolerance = pick(given, ['atol', 'rtol']);
  const stated = Object.entries(tolerance);
  for (const [name, value] of stated) {
    if (!isVerified) throw badUsage(`${option(name)} requires ${option('reference')}`);
    if (!(value >= 0 && Number.isFinite(value)))
      throw badUsage(`${option(name, value)}, expected a number of at least 0`);
  }
  return hasLogits && stated.length === 0 ? { scaled: true } : tolerance;
}

/** Whether a model gives logits: without a head, or of the whole image, which no head follows. */
export const givesLogits = (head: string | undefined, { graph }: Model): boolean =>
  head === 'none' || graph.outputs.length > 1;

/** A rule with its defaults, as a model's metadata holds it. */
export function toleranceRecord(rule: ParityOptions): ParityOptions {
  return { ...DEFAULT_TOLERANCE, ...rule };
}
