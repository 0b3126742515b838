import { badModel, reason } from '../../graph/common/errors.js';

/** What a model's metadata say under a key. @throws NmodeError (BAD_MODEL) for whatever is wrong with it */
export function fromMetadata<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badModel(`its metadata ${key}: ${reason(error)}`, { cause: error });
  }
}
