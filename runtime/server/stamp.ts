import { stat } from 'node:fs/promises';

/** What changes when a file is replaced or written; '' where there is none. */
export async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  // Its time of change, too: copies can keep the time of modification.
  return found === undefined
    ? ''
    : `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}
