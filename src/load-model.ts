import { basename } from 'node:path';
import { check } from '../graph/check.js';
import { NmodeError } from '../graph/errors.js';
import { parseModel, readModelBytes } from '../graph/file/read.js';
import type { Model } from '../graph/model.js';

/**
 * Reads an .onnx file and checks it, since a runtime's own words for a damaged model help nobody.
 * @throws NmodeError (BAD_MODEL) with the file's name
 */
export async function loadModel(
  path: string,
): Promise<{ readonly model: Model; readonly bytes: Uint8Array }> {
  const bytes = await readModelBytes(path);
  const name = basename(path);
  const model = parseModel(bytes, name);
  try {
    check(model);
  } catch (error) {
    if (!(error instanceof NmodeError)) throw error;
    throw new NmodeError('BAD_MODEL', `${name}: ${error.message}`, { cause: error });
  }
  return { model, bytes };
}
