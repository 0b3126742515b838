import { badModel, badUsage, NmodeError, reason } from '../../graph/common/errors.js';

/** Puts a model's name before what is wrong with it, or with what is asked of it. */
export function naming<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof NmodeError) || error.code !== 'BAD_USAGE') throw named(name, error);
    throw badUsage(`${name}: ${reason(error)}`, { cause: error });
  }
}

/** An error with a model's name before it, where it is the model's, or what onnxruntime says of it; any other as it is. */
export function named(name: string, error: unknown): unknown {
  if (!(error instanceof NmodeError) || error.message.startsWith(`${name}: `)) return error;
  if (error.code !== 'BAD_MODEL' && !error.message.startsWith('onnxruntime: ')) return error;
  return new NmodeError(error.code, `${name}: ${reason(error)}`, { cause: error });
}

/** What a model's metadata say under a key, if anything. @throws NmodeError (BAD_MODEL) for whatever is wrong with it */
export function fromMetadata<T>(
  metadata: ReadonlyMap<string, string>,
  key: string,
  read: (stated: string) => T,
): T | undefined {
  const stated = metadata.get(key);
  try {
    return stated === undefined ? undefined : read(stated);
  } catch (error) {
    throw badModel(`its metadata ${key}: ${reason(error)}`, { cause: error });
  }
}
