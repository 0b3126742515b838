import { onAbort, untilAborted } from './abort.js';

type Callback = (...given: readonly unknown[]) => unknown;

const isCallback = (option: [string, unknown]): option is [string, Callback] =>
  /^on[A-Z]/.test(option[0]) && typeof option[1] === 'function';

/**
 * Work whose options have callbacks (`onProgress`). Those may be async: the work ends when they have, and where one rejects, it is
 * aborted and rejects alike. Nobody else would catch that, and an unhandled rejection ends a process. A file that the work had written by
 * then stays.
 * @param work is begun before this returns
 */
export async function withCallbacks<O extends { readonly signal?: AbortSignal }, T>(
  options: O,
  work: (options: O) => Promise<T>,
): Promise<T> {
  const callbacks = Object.entries<unknown>({ ...options }).filter(isCallback);
  if (callbacks.length === 0) return work(options);
  const { signal } = options;
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  let rejected = false;
  const heeded =
    (callback: Callback) =>
    (...given: readonly unknown[]) => {
      const answer = callback(...given);
      if (typeof Object(answer).then !== 'function') return;
      const run = Promise.resolve(answer as PromiseLike<unknown>)
        .then(
          () => {},
          (reason: unknown) => {
            rejected = true;
            stop.abort(reason);
          },
        )
        .finally(() => running.delete(run));
      running.add(run);
    };
  const own = Object.fromEntries(callbacks.map(([name, callback]) => [name, heeded(callback)]));
  const forget = signal && onAbort(signal, () => stop.abort(signal.reason));
  if (signal?.aborted) stop.abort(signal.reason);
  try {
    const result = await work({ ...options, ...own, signal: stop.signal });
    try {
      if (running.size > 0) await untilAborted(Promise.all(running), stop.signal);
      if (!rejected) return result;
    } catch {
      // The signal's, or that of the callback that rejected: told below.
    }
    // What was opened is nobody's.
    await Object(result).close?.();
  } catch (error) {
    if (!rejected) throw error;
  } finally {
    forget?.();
  }
  throw stop.signal.reason;
}
