/**
 * `npm run bench:soak`: a server that is sent requests of all kinds, good and faulty, five a second, and whose model is replaced
 * twice a minute: what it holds while nothing is under way must stay as it was after three tenths of the time.
 *
 *     npm run bench:soak -- [--minutes 10]
 */
import { copyFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import type { Counts, Held } from './load/diagnostics.js';
import { Tally, verdict } from './load/judge.js';
import { startPart } from './load/part.js';
import { Reloader } from './load/reloads.js';
import { faultyRequests, MODEL, requestsFor } from './load/requests.js';
import { twoVersions } from './load/versions.js';
import { inFolder } from './networks.js';
import { serving } from './serving.js';

const RATE = 5;
/** Milliseconds: between two looks, and until what was under way is put away. */
const [STRETCH, SETTLING] = [30_000, 2000];
/** From when on nothing may rise. */
const SETTLED = 0.3;
/** Samples whose median stands for a time. */
const WINDOW = 3;
/** How much memory may rise (by the larger), and the heap. */
const [MEMORY, MEMORY_BYTES, HEAP] = [0.05, 15e6, 0.02];

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const milliseconds = 60_000 * Number(values.minutes);
const diagnostics = fileURLToPath(new URL('./load/diagnostics.js', import.meta.url));
const good = await requestsFor();
const requests = [...good, ...faultyRequests(good[0])];

interface Sample extends Held {
  readonly minute: number;
}

await inFolder(async (file) => {
  const versions = await twoVersions(file, good, {});
  const served = file('served.onnx');
  copyFileSync(versions[0]?.file ?? '', served);
  const flags = ['--workers', '1', '--max-batch', '4', '--max-delay-ms', '10'];
  const preload = ['--expose-gc', '--import', diagnostics];
  const samples: Sample[] = [];
  const tally = new Tally();
  await serving(
    `${MODEL}=${served}`,
    flags,
    async ({ url, ask }) => {
      const reloader = new Reloader(url, 'load', served, versions);
      const start = performance.now();
      while (performance.now() < start + milliseconds) {
        const mix = await startPart('mix', { url, load: { rate: RATE }, faulty: true });
        await setTimeout(STRETCH / 2);
        await reloader.reload();
        await setTimeout(STRETCH / 2);
        // It closes its connections, so that none is among what the server holds.
        tally.add(await mix.end(), { requests, versions, history: reloader.history });
        await setTimeout(SETTLING);
        samples.push({ minute: (performance.now() - start) / 60_000, ...(await ask<Held>()) });
      }
    },
    preload,
  );
  report(samples, tally);
});

/** What a few samples hold, one being now larger, now smaller. */
function typical(samples: readonly Sample[], what: 'resident' | 'heap'): number {
  return median(samples.map((sample) => sample[what]));
}

function report(samples: readonly Sample[], tally: Tally): void {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const list = (counts: Counts) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .sort()
      .join(', ');
  const rows = samples.map(({ minute, resident, heap, threads, handles }) => [
    minute.toFixed(1),
    mb(resident),
    mb(heap),
    list(threads),
    list(handles),
  ]);
  print(`${table(['minute', 'memory', 'heap', 'threads', 'handles'], rows)}\n`);
  tally.print();
  const settled = samples.findIndex(({ minute }) => minute * 60_000 >= SETTLED * milliseconds);
  const [first, last] = [samples[settled], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('it was too short');
  const from = `from minute ${first.minute.toFixed(1)} to ${last.minute.toFixed(1)}`;
  const rise = (what: 'resident' | 'heap', allowed: (before: number) => number) => {
    const before = typical(samples.slice(settled, settled + WINDOW), what);
    const after = typical(samples.slice(-WINDOW), what);
    const percent = (100 * (after / before - 1)).toFixed(1);
    const found = `${mb(before)} to ${mb(after)}, ${percent} % (${mb(allowed(before))} are allowed)`;
    return [found, after - before <= allowed(before)] as const;
  };
  const same = (what: 'threads' | 'handles') => {
    const [before, after] = [list(first[what]), list(last[what])];
    return [before === after ? before : `${before} to ${after}`, before === after] as const;
  };
  verdict('requests that were lost', String(tally.count('lost')), tally.count('lost') === 0);
  verdict(`memory ${from}`, ...rise('resident', (before) => Math.max(MEMORY * before, MEMORY_BYTES)));
  verdict(`heap ${from}`, ...rise('heap', (before) => HEAP * before));
  verdict(`threads ${from}`, ...same('threads'));
  verdict(`handles ${from}`, ...same('handles'));
}
