/** Preloaded into a process: a thread of it that finds the file of CRASH takes that away and fails as nothing expects. */
import { existsSync, unlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  setInterval(() => {
    if (!existsSync(process.env.CRASH)) return;
    try {
      unlinkSync(process.env.CRASH);
    } catch {
      return;
    }
    throw new Error('a native error that nobody caught');
  }, 5);
}
