import type { SingleBar } from 'cli-progress';
import { interruptible } from '../interruption.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, what?: string) => void;
}

/**
 * Does work that Ctrl-C aborts, with a bar on the terminal that is taken away before anything else is printed; without one where nobody sees it.
 * @param format as of cli-progress
 * @throws as `interruptible`
 */
export async function withBar<T>(
  format: string,
  work: (signal: AbortSignal, bar: SingleBar | undefined) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return interruptible((signal) => work(signal, undefined));
  const { SingleBar: Bar } = await import('cli-progress');
  const bar = new Bar({ format, clearOnComplete: true });
  try {
    return await interruptible((signal) => work(signal, bar));
  } finally {
    bar.stop();
  }
}

/** Does work that counts what it has done. @throws as `interruptible` */
export async function withProgress<T>(what: string, work: (watching: Watching) => Promise<T>): Promise<T> {
  return withBar('{bar} {value}/{total} {unit}, {duration_formatted}', (signal, bar) => {
    const onProgress = (done: number, total: number, unit = what) => {
      if (done > 0) return bar?.update(done);
      // Work may begin anew.
      bar?.stop();
      bar?.start(total, 0, { unit });
    };
    return work({ signal, onProgress });
  });
}
