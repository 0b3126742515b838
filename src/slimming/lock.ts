import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { badUsage, type NmodeError, reason } from '../../graph/common/errors.js';
import { unfinished } from '../files/unfinished.js';
import { cannotWrite } from '../files/write-whole.js';

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
}

/**
 * Does work that only one process at a time may do, by a file that names it. One that a killed process left is taken over.
 * @throws NmodeError: BAD_USAGE where another process is at it; CANNOT_WRITE
 */
export async function locked<T>(path: string, body: () => Promise<T>): Promise<T> {
  const handle = await take(path);
  unfinished.add(path);
  try {
    return await body();
  } finally {
    await handle.close();
    await rm(path, { force: true });
    unfinished.delete(path);
  }
}

async function take(path: string): Promise<FileHandle> {
  for (let attempts = 0; ; attempts++) {
    const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw cannotWrite(path, error);
    });
    if (handle !== undefined) {
      const holder: Holder = { pid: process.pid, host: hostname() };
      await handle.writeFile(JSON.stringify(holder));
      return handle;
    }
    const holder = await holderOf(path);
    if (attempts > 1 || isAtIt(holder)) throw held(path, holder);
    await rm(path, { force: true });
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { pid, host } = JSON.parse(await readFile(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 && typeof host === 'string' ? { pid, host } : undefined;
  } catch (error) {
    // Half written, or gone.
    if (error instanceof SyntaxError || /ENOENT/.test(reason(error))) return undefined;
    throw cannotWrite(path, error);
  }
}

/** Whether a process is there; of another machine nobody knows. */
function isAtIt(holder: Holder | undefined): boolean {
  if (holder === undefined) return false;
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function held(path: string, holder: Holder | undefined): NmodeError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return badUsage(
    `${path}: ${who} is running this training: wait for it or write to another file; if that process no longer exists, remove ${path}`,
  );
}
