import { basename } from 'node:path';
import { check } from '../../graph/check.js';
import { NmodeError, reason } from '../../graph/errors.js';
import { parseModel, readModelBytes } from '../../graph/file/read.js';
import type { Model } from '../../graph/model.js';

export interface LoadedModel {
  readonly model: Model;
  readonly bytes: Uint8Array;
  /** What messages call it. */
  readonly name: string;
}

/**
 * Reads an .onnx file and checks it, since a runtime's own words for a damaged model help nobody.
 * @param source a file, or its bytes
 * @throws NmodeError (BAD_MODEL) with the file's name
 */
export async function loadModel(source: string | Uint8Array): Promise<LoadedModel> {
  const isFile = typeof source === 'string';
  const bytes = isFile ? await readModelBytes(source) : source;
  const name = isFile ? basename(source) : 'the model';
  const model = parseModel(bytes, name);
  return naming(name, () => {
    check(model);
    return { model, bytes, name };
  });
}

/** Puts a model's name before what is wrong with it. */
export function naming<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof NmodeError) || error.code !== 'BAD_MODEL') throw error;
    throw new NmodeError('BAD_MODEL', `${name}: ${reason(error)}`, { cause: error });
  }
}
