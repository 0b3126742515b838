import { rename, rm, writeFile } from 'node:fs/promises';
import { NmodeError, reason } from '../graph/errors.js';

/** What the usual refusals of a file system mean. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
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

/**
 * Writes a file aside and renames it, so that nobody ever meets half of it.
 * @throws NmodeError (CANNOT_WRITE)
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.${process.pid}.part`;
  try {
    await writeFile(aside, bytes);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}
