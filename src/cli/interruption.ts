import { ERRORS, NmodeError } from '../../graph/common/errors.js';
import { quiet } from '../../runtime/node/threads/activity.js';
import { discardUnfinished } from '../files/unfinished.js';

/** Milliseconds that work has to end by itself once it is aborted, and that runs of onnxruntime have after that. */
const [GRACE, PATIENCE] = [300, 100];

/**
 * Does work that Ctrl-C or a request to end aborts, so that it cleans up after itself. It has a moment for that: a run of
 * onnxruntime cannot be stopped, and may take minutes. A second Ctrl-C does not wait.
 * @throws what the work fails with; NmodeError (INTERRUPTED), after which the process is to be ended by `leave`
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const why = new NmodeError('INTERRUPTED', 'interrupted');
  let grace: NodeJS.Timeout | undefined;
  let interrupt = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => {
      if (controller.signal.aborted) leave();
      controller.abort(why);
      grace = setTimeout(() => reject(why), GRACE);
    };
  });
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await Promise.race([work(controller.signal), interrupted]);
  } finally {
    clearTimeout(grace);
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Ends the process as one that was interrupted, and leaves nothing half-written. In the middle of a run, onnxruntime would not
 * survive an orderly end: there the process ends by the signal itself, which to a shell is the same exit code.
 */
export function leave(): never {
  const isQuiet = quiet(PATIENCE);
  discardUnfinished();
  if (!isQuiet) {
    process.removeAllListeners('SIGINT');
    process.kill(process.pid, 'SIGINT');
  }
  process.exit(ERRORS.INTERRUPTED.exitCode);
}
