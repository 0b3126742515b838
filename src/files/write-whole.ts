import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { badUsage, NmodeError, reason } from '../../graph/common/errors.js';
import { unfinished } from './unfinished.js';

/** What the usual refusals of a file system mean. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EEXIST: 'there is something else of that name',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full: make room on it, or write to another',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
};

/** What a file system says of one file; whatever else it says, it says of all. */
const OF_ONE_FILE = ['EEXIST', 'EISDIR', 'EINVAL', 'EILSEQ', 'ELOOP', 'ENAMETOOLONG'];

/** What the system calls a failure, as EACCES; empty for what is none of its. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Whether a file could not be written for its own sake, so that others may be: its name, or what has that name. */
export function isOfOneFile({ code, cause }: NmodeError): boolean {
  return code === 'CANNOT_WRITE' && [...OF_ONE_FILE, ''].includes(codeOf(cause));
}

/** Why a file could not be written. */
export const whyUnwritten = (error: unknown): string => CAUSES[codeOf(error)] ?? reason(error);

export function cannotWrite(path: string, error: unknown): NmodeError {
  return new NmodeError('CANNOT_WRITE', `${path}: cannot be written: ${whyUnwritten(error)}`, {
    cause: error,
  });
}

/** The identity of a file, whatever its names; undefined where there is none. */
async function identity(path: string): Promise<string | undefined> {
  const stats = await fs.stat(path).catch(() => undefined);
  return stats && `${stats.dev} ${stats.ino}`;
}

/**
 * Inputs are what cannot be made again.
 * @throws NmodeError (BAD_USAGE) where an output would take the place of an input
 */
export async function refuseOverwriting(
  outputs: readonly string[],
  inputs: readonly string[],
): Promise<void> {
  const kept = new Map<string | undefined, string>();
  for (const path of inputs) kept.set(await identity(path), path);
  kept.delete(undefined);
  for (const path of outputs) {
    const input = kept.get(await identity(path));
    if (input !== undefined) throw badUsage(`${path}: the output would overwrite ${input}`);
  }
}

/** A rename would put a file in the place of a device or a pipe. */
async function refuseDevice(path: string): Promise<void> {
  const stats = await fs.stat(path).catch(() => undefined);
  if (stats !== undefined && !stats.isFile()) {
    throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is not a regular file');
  }
}

/** The file that a path leads to through links, whether it is there or not. @throws ELOOP where they lead in a circle */
async function targetOf(path: string): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const link = await fs.readlink(path).catch(() => undefined);
    return link === undefined ? path : targetOf(resolve(await fs.realpath(dirname(path)), link));
  }
}

/**
 * Makes a folder and those above it. (Node 20's own recursive mkdir never returns where, as in /proc, a folder exists and
 * nothing can be made in it.)
 * @throws NmodeError (CANNOT_WRITE)
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeBelow(resolve(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

async function makeBelow(path: string): Promise<void> {
  if ((await fs.stat(path).catch(() => undefined))?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) await makeBelow(parent);
  await fs.mkdir(path);
}

/**
 * Says before a long computation what would be said after it.
 * @throws NmodeError (CANNOT_WRITE) where no file can be written
 */
export async function refuseUnwritable(path: string): Promise<void> {
  try {
    await refuseDevice(path);
    await fs.access(dirname(path), fs.constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Writes chunks one after the other: while one is written, the next is made. */
async function writeChunks(path: string, chunks: Chunks): Promise<void> {
  await using file = await fs.open(path, 'w');
  let written: Promise<void> | undefined;
  for await (const chunk of chunks) {
    await written;
    written = writeAll(file, chunk);
  }
  await written;
}

/** In as few calls as may be: between two of them nothing is written while the next chunk is made. */
async function writeAll(file: fs.FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}

/** What files are called until they are whole. */
const PARTIAL = '.nmode-';

/**
 * Removes what killed processes have left of files that were to become whole.
 * @param tag that of their names, which no other process uses
 */
export async function removePartials(folder: string, tag: string): Promise<void> {
  const left = (await fs.readdir(folder)).filter((name) => name.startsWith(`${PARTIAL}${tag}`));
  await Promise.all(left.map((name) => fs.rm(join(folder, name), { force: true })));
}

/**
 * Writes a file under another name and renames it, so that nobody ever meets half of it.
 * @param tag stands in that name
 * @returns its size in bytes
 * @throws NmodeError (CANNOT_WRITE)
 */
export async function writeWhole(path: string, contents: Uint8Array | Chunks, tag = ''): Promise<number> {
  // The file that a link points to is replaced, not the link.
  const target = await targetOf(path).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
  const partial = join(dirname(target), `${PARTIAL}${tag}${randomUUID()}.part`);
  unfinished.add(partial);
  try {
    await refuseDevice(target);
    await writeChunks(partial, contents instanceof Uint8Array ? [contents] : contents);
    const { size } = await fs.stat(partial);
    await fs.rename(partial, target);
    return size;
  } catch (error) {
    await fs.rm(partial, { force: true }).catch(() => {});
    throw error instanceof NmodeError ? error : cannotWrite(path, error);
  } finally {
    unfinished.delete(partial);
  }
}

/** Writes the file that somebody asked for, whose folder is made where it does not exist. @throws as `writeWhole` */
export async function writeOutput(path: string, contents: Uint8Array | Chunks): Promise<number> {
  await makeFolder(dirname(path));
  return writeWhole(path, contents);
}

/**
 * Writes several files, or, where one of them fails, none.
 * @param body is given what writes one of them
 * @param tag as of `writeWhole`
 * @throws what `body` throws
 */
export async function writeTogether<T>(
  body: (put: (path: string, contents: Uint8Array) => Promise<void>) => Promise<T>,
  tag?: string,
): Promise<T> {
  const written: string[] = [];
  try {
    return await body(async (path, contents) => {
      await writeWhole(path, contents, tag);
      written.push(path);
      unfinished.add(path);
    });
  } catch (error) {
    await Promise.all(written.map((path) => fs.rm(path, { force: true }).catch(() => {})));
    throw error;
  } finally {
    for (const path of written) unfinished.delete(path);
  }
}
