import { randomUUID } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NmodeError, reason } from '../graph/errors.js';

/** What the usual refusals of a file system mean. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

export function cannotWrite(path: string, error: unknown): NmodeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const cause = CAUSES[code] ?? reason(error);
  return new NmodeError('CANNOT_WRITE', `${path}: cannot be written: ${cause}`, { cause: error });
}

/** A rename would put a file in the place of a device or a pipe. */
async function refuseDevice(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && !stats.isFile()) {
    throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is not a regular file');
  }
}

/**
 * Writes a file aside and renames it, so that nobody ever meets half of it.
 * @returns its size in bytes
 * @throws NmodeError (CANNOT_WRITE)
 */
export async function writeWhole(path: string, contents: Uint8Array | Iterable<Uint8Array>): Promise<number> {
  const aside = join(dirname(path), `.nmode-${randomUUID()}.part`);
  try {
    await refuseDevice(path);
    await writeFile(aside, contents);
    const { size } = await stat(aside);
    await rename(aside, path);
    return size;
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw error instanceof NmodeError ? error : cannotWrite(path, error);
  }
}
