import { interruptible } from '../interruption.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, what?: string) => void;
}

/** What moves a bar; a payload is what its format names. */
interface Bar {
  start(total: number, value: number, payload: object): void;
  update(value: number, payload?: object): void;
}

/**
 * Does work that Ctrl-C aborts, with a bar on the terminal that is taken away before anything else is printed; without one where
 * nobody sees it. Until the bar starts, a clock runs in its place: what comes before may take as long, and so may work that counts
 * nothing.
 * @param format as of cli-progress
 * @param what is being done meanwhile
 * @throws as `interruptible`
 */
export async function withBar<T>(
  format: string,
  work: (signal: AbortSignal, bar: Bar | undefined) => Promise<T>,
  what = 'loading',
): Promise<T> {
  if (!process.stderr.isTTY) return interruptible((signal) => work(signal, undefined));
  const { SingleBar: CliBar } = await import('cli-progress');
  const clock = new CliBar({ format: '{what}, {duration_formatted}', clearOnComplete: true });
  const bar = new CliBar({ format, clearOnComplete: true });
  const stop = () => {
    clock.stop();
    bar.stop();
  };
  const start: Bar['start'] = (total, value, payload) => {
    stop();
    bar.start(total, value, payload);
  };
  const update: Bar['update'] = (value, payload = {}) => bar.update(value, payload);
  clock.start(1, 0, { what });
  try {
    return await interruptible((signal) => work(signal, { start, update }));
  } finally {
    stop();
  }
}

/** Does work that counts nothing. @throws as `interruptible` */
export const withClock = <T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withBar('', work, what);

/** Does work that counts what it has done. @throws as `interruptible` */
export async function withProgress<T>(what: string, work: (watching: Watching) => Promise<T>): Promise<T> {
  return withBar('{bar} {value}/{total} {unit}, {duration_formatted}', (signal, bar) => {
    const onProgress = (done: number, total: number, unit = what) => {
      if (done > 0) return bar?.update(done);
      // Work may begin anew.
      bar?.start(total, 0, { unit });
    };
    return work({ signal, onProgress });
  });
}
