import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NmodeError, reason } from '../../graph/common/errors.js';
import type { OutputFile } from './manifest.js';

/**
 * The bytes of a file that was written, which are checked on the way.
 * @throws NmodeError (CHECK_FAILED), at the end at the latest, where they are not what was written
 */
export async function* checkedBytes(
  folder: string,
  { file, bytes, sha256 }: OutputFile,
): AsyncGenerator<Uint8Array, void, undefined> {
  const path = join(folder, file);
  const refuse = (why: string) =>
    new NmodeError('CHECK_FAILED', `${path}: ${why}: run its shard again, which writes it anew`);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw refuse('it is not there');
  if (stats.size !== bytes) throw refuse(`it has ${stats.size} bytes, ${bytes} were written`);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw refuse(`it cannot be read: ${reason(error)}`);
  }
  if (hash.digest('hex') !== sha256) throw refuse('its bytes are not those that were written');
}

/** @throws NmodeError (CHECK_FAILED) where a file is not as it was written */
export async function checkWritten(folder: string, output: OutputFile): Promise<void> {
  for await (const _ of checkedBytes(folder, output));
}

/** The bytes of files together, of those that are there. */
export async function sizeOfFiles(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map(async (path) => (await stat(path).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
