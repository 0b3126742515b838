import { NmodeError, reason } from '../graph/errors.js';

/** Puts a model's name before what is wrong with it. */
export function naming<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof NmodeError) || error.code !== 'BAD_MODEL') throw error;
    throw new NmodeError('BAD_MODEL', `${name}: ${reason(error)}`, { cause: error });
  }
}
