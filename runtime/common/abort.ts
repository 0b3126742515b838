interface Listening {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const listening = new WeakMap<AbortSignal, Listening>();

/**
 * Calls back when a signal aborts. However many wait for one signal, it has one listener (Node warns of leaks from the
 * eleventh on), and none when nobody waits any more.
 * @returns a function that takes the callback back
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = listening.get(signal) ?? listen(signal);
  callbacks.add(callback);
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return;
    signal.removeEventListener('abort', listener);
    listening.delete(signal);
  };
}

function listen(signal: AbortSignal): Listening {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const each of callbacks) each();
  };
  signal.addEventListener('abort', listener);
  const found = { callbacks, listener };
  listening.set(signal, found);
  return found;
}

/** What is under way, or the signal's reason as soon as it aborts. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject).finally(() => forget());
    const abort = () => {
      forget();
      reject(signal.reason);
    };
    const forget = onAbort(signal, abort);
    if (signal.aborted) abort();
  });
}

/** What an iterable gives, until a signal aborts. @throws the signal's reason, also while the next one is waited for */
export async function* eachUntilAborted<T>(
  sources: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator =
    Symbol.asyncIterator in sources ? sources[Symbol.asyncIterator]() : sources[Symbol.iterator]();
  try {
    for (;;) {
      const { done, value } = await untilAborted(Promise.resolve(iterator.next()), signal);
      if (done) return;
      yield value;
    }
  } finally {
    const ended = Promise.resolve(iterator.return?.());
    // One that is waited for hears of its end when it has given the next, if ever.
    if (signal.aborted) ended.catch(() => {});
    else await ended;
  }
}
