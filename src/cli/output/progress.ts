import { interruptible } from '../interruption.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Does work that Ctrl-C aborts, with a bar on the terminal that is taken away before anything else is printed.
 * @throws as `interruptible`
 */
export async function withProgress<T>(what: string, work: (watching: Watching) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return interruptible((signal) => work({ signal, onProgress: () => {} }));
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({ format: `{bar} {value}/{total} ${what}`, clearOnComplete: true });
  const onProgress = (done: number, total: number) => (done === 0 ? bar.start(total, 0) : bar.update(done));
  try {
    return await interruptible((signal) => work({ signal, onProgress }));
  } finally {
    bar.stop();
  }
}
