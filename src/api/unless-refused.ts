import { NmodeError } from '../../graph/common/errors.js';

/** What work gives, or something else where this package refuses it. */
export function unlessRefused<T, O>(work: () => T, otherwise: O): T | O {
  try {
    return work();
  } catch (error) {
    if (error instanceof NmodeError) return otherwise;
    throw error;
  }
}
