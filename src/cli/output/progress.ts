import { interruptible } from '../interruption.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, what?: string) => void;
}

/**
 * Does work that Ctrl-C aborts, with a bar on the terminal that is taken away before anything else is printed.
 * @throws as `interruptible`
 */
export async function withProgress<T>(what: string, work: (watching: Watching) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return interruptible((signal) => work({ signal, onProgress: () => {} }));
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '{bar} {value}/{total} {unit}, {duration_formatted}',
    clearOnComplete: true,
  });
  const onProgress = (done: number, total: number, unit = what) => {
    if (done > 0) return bar.update(done);
    // Work may begin anew.
    bar.stop();
    bar.start(total, 0, { unit });
  };
  try {
    return await interruptible((signal) => work({ signal, onProgress }));
  } finally {
    bar.stop();
  }
}
