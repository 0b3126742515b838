import { badUsage } from '../../graph/common/errors.js';
import { each, NUMBER } from '../../graph/common/option-kinds.js';
import { MAX_TIMER } from '../../runtime/common/timer.js';

/** What a limit is where nothing is said, and what it can be. */
const LIMITS = {
  maxBatch: { otherwise: 1, least: 1, most: 999_999 },
  maxDelayMs: { otherwise: 0, least: 0, most: MAX_TIMER },
  maxQueue: { otherwise: 64, least: 1, most: 999_999 },
  maxRequests: { otherwise: 256, least: 1, most: 999_999 },
  maxBody: { otherwise: 64e6, least: 1000, most: 4e9 },
  maxJson: { otherwise: 16e6, least: 1000, most: 256e6 },
  maxInflight: { otherwise: 128e6, least: 1000, most: 1e12 },
  maxElements: { otherwise: 2 ** 24, least: 1, most: 2 ** 32 },
  drainMs: { otherwise: 30_000, least: 0, most: MAX_TIMER },
  deadlineMs: { otherwise: 10_000, least: 0.001, most: MAX_TIMER },
} as const;

export const LIMIT_KINDS = each(Object.keys(LIMITS) as (keyof Limits)[], NUMBER);

/** The limits of a server, under the names of its options. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

/**
 * The limits that a server is given, and the others' defaults.
 * @throws NmodeError (BAD_USAGE) for one that is out of its range, or that no body fits into
 */
export function limitsOf(options: Partial<Limits>): Limits {
  const entries = Object.entries(LIMITS).map(([name, { otherwise, least, most }]) => {
    const value = options[name as keyof Limits] ?? otherwise;
    if (!(value >= least && value <= most)) {
      throw badUsage(`${name} is ${value}, expected ${least} to ${most}`);
    }
    return [name, value];
  });
  const limits: Limits = Object.fromEntries(entries);
  // What is said of bodies alone holds.
  if (options.maxInflight === undefined) {
    return { ...limits, maxInflight: Math.max(limits.maxInflight, limits.maxBody) };
  }
  if (limits.maxInflight < limits.maxBody) {
    throw badUsage(
      `maxInflight is ${limits.maxInflight} bytes, less than the ${limits.maxBody} of one body (maxBody)`,
    );
  }
  return limits;
}
