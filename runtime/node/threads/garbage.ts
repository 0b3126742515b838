import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that a thread may hold beyond what it held after its last collection. */
const MOST = 2 ** 23;

function held(): number {
  const { external_memory: buffers, used_heap_size: heap } = getHeapStatistics();
  return buffers + heap;
}

/**
 * A function to be called after each piece of work, which collects young garbage from 8 MiB on, within a millisecond or two. V8
 * waits for its own heap to fill: a thread that makes a few objects, and buffers of a megabyte, would hold some 50 MB of
 * buffers that nobody uses.
 */
export function collector(): () => void {
  const collect = findCollect();
  if (collect === undefined) return () => {};
  let least = held();
  return () => {
    const now = held();
    least = Math.min(least, now);
    if (now < least + MOST) return;
    collect({ type: 'minor' });
    // What it finds is freed in the background.
    least = now;
  };
}

type Collect = (options: { readonly type: 'minor' }) => void;

/** The flag is the whole process's: another thread may have taken it back by the time that it is looked at. */
function findCollect(attempts = 10): Collect | undefined {
  setFlagsFromString('--expose-gc');
  const collect: Collect | undefined = runInNewContext('globalThis.gc');
  setFlagsFromString('--no-expose-gc');
  return collect ?? (attempts > 1 ? findCollect(attempts - 1) : undefined);
}
