/** What a server imports first (`--import`, with `--expose-gc`): it tells whoever started it what it holds when asked. */
import { readdirSync } from 'node:fs';
import { memoryUsage } from 'node:process';

export interface Held {
  /** Bytes of the main thread's heap after a collection. */
  readonly heap: number;
  /** Of the process. */
  readonly resident: number;
  readonly threads: number;
  /** What keeps the event loop going, by its type. */
  readonly handles: Readonly<Record<string, number>>;
}

/** What is freed by a finaliser is collected by the next one. */
const COLLECTIONS = 4;

process.on('message', async () => {
  const handles: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) handles[type] = (handles[type] ?? 0) + 1;
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed: heap, rss: resident } = memoryUsage();
  const threads = readdirSync('/proc/self/task').length;
  process.send?.({ heap, resident, threads, handles } satisfies Held);
});
// The server ends when it has nothing else to do.
process.channel?.unref();
