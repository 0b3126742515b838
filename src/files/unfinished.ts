import { rmSync } from 'node:fs';

/** Files and folders that are half made, or made for a while: to be removed where the process ends before they are done with. */
export const unfinished = new Set<string>();

/** Removes them, at once: nothing else may come to run. */
export function discardUnfinished(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // It stays: there is nobody left to tell.
    }
  }
}
