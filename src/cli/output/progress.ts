import { interruptible } from '../interruption.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, what?: string) => void;
}

/** What moves a bar; a payload is what its format names. */
interface Bar {
  /** Takes it away, and the clock before it, for what is to be printed. */
  stop(): void;
  start(total: number, value: number, payload: object): void;
  update(value: number, payload: object): void;
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
  const clock = await clockOf(what);
  if (clock === undefined) return interruptible((signal) => work(signal, undefined));
  const { SingleBar: CliBar } = await import('cli-progress');
  const bar = new CliBar({ format, clearOnComplete: true });
  const stop = () => {
    clock.stop();
    bar.stop();
  };
  const start: Bar['start'] = (total, value, payload) => {
    stop();
    bar.start(total, value, payload);
  };
  const update: Bar['update'] = (value, payload) => bar.update(value, payload);
  clock.start();
  try {
    return await interruptible((signal) => work(signal, { start, update, stop }));
  } finally {
    stop();
  }
}

/** A clock on the terminal, which is taken away before anything else is printed, and may begin anew after that. */
export interface Clock {
  start(): void;
  stop(): void;
}

/** Undefined where nobody would see it. @param what is being done meanwhile */
export async function clockOf(what: string): Promise<Clock | undefined> {
  if (!process.stderr.isTTY) return undefined;
  const { SingleBar } = await import('cli-progress');
  const clock = new SingleBar({ format: '{what}, {duration_formatted}', clearOnComplete: true });
  return { start: () => clock.start(1, 0, { what }), stop: () => clock.stop() };
}

/** Does work that counts nothing. @throws as `interruptible` */
export const withClock = <T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withBar('', work, what);

/** Does work that counts what it has done. @throws as `interruptible` */
export async function withProgress<T>(what: string, work: (watching: Watching) => Promise<T>): Promise<T> {
  return withBar('{bar} {value}/{total} {unit}, {duration_formatted}', (signal, bar) => {
    let last = '';
    const onProgress = (done: number, total: number, unit = what) => {
      const now = `${done} of ${total}`;
      // Work may begin anew.
      if (done > 0 || now === last) bar?.update(done, { unit });
      else bar?.start(total, 0, { unit });
      last = now;
    };
    return work({ signal, onProgress });
  });
}
