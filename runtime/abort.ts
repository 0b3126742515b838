const listening = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal aborts. However many wait for one signal, it has one listener (Node warns of leaks from the
 * eleventh on).
 * @returns a function that takes the callback back
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = listening.get(signal);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    signal.addEventListener('abort', () => {
      for (const each of all) each();
    });
    listening.set(signal, all);
    callbacks = all;
  }
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

/** What is under way, or the signal's reason as soon as it aborts. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(forget);
  });
}
