import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unfinished } from './unfinished.js';

/** Gives a new folder to `body`, and removes it when that has ended. @param name what its name begins with */
export async function inTemporaryFolder<T>(name: string, body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  unfinished.add(folder);
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    unfinished.delete(folder);
  }
}
