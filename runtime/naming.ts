import { NmodeError, reason } from '../graph/errors.js';

/** Puts a model's name before what is wrong with it, or with what is asked of it. */
export function naming<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof NmodeError) || (error.code !== 'BAD_MODEL' && error.code !== 'BAD_USAGE'))
      throw error;
    throw new NmodeError(error.code, `${name}: ${reason(error)}`, { cause: error });
  }
}
