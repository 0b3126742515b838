/** What a server imports first (`--import`, with `--expose-gc`): it tells whoever started it what it holds when asked. */
import { readdirSync, readFileSync } from 'node:fs';
import { memoryUsage } from 'node:process';

export interface Held {
  /** Bytes of the main thread's heap after a collection. */
  readonly heap: number;
  /** Of the process. */
  readonly resident: number;
  /** Threads of the process, by their names. */
  readonly threads: Counts;
  /** What keeps the event loop going, by its type. */
  readonly handles: Counts;
}

export type Counts = Readonly<Record<string, number>>;

function counts(names: readonly string[]): Counts {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}

/** Without those of libvips: it starts them as images come, and ends them once they have been idle for a while. */
function namesOfThreads(): readonly string[] {
  return readdirSync('/proc/self/task')
    .map((task) => readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim())
    .filter((name) => name !== 'libvips worker');
}

/** What is freed by a finaliser is collected by the next one. */
const COLLECTIONS = 4;

process.on('message', async () => {
  const handles = counts(process.getActiveResourcesInfo());
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed: heap, rss: resident } = memoryUsage();
  const threads = counts(namesOfThreads());
  process.send?.({ heap, resident, threads, handles } satisfies Held);
});
// The server ends when it has nothing else to do.
process.channel?.unref();
