/**
 * `npm run bench:reload`: a server whose model is replaced every second, in each way that there is, with and without batches,
 * while requests of all kinds come. Each must be answered by a version that was served while it waited, bit for bit, or be
 * refused before it was accepted.
 *
 *     npm run bench:reload -- [--seconds 60] [fixed] [batches]
 *
 * What loads the server and what watches it are processes of their own; the latter opens a connection for each request.
 */
import { copyFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { print } from '../src/cli/output/print.js';
import { Tally, verdict } from './load/judge.js';
import { startPart } from './load/part.js';
import { Reloader, type Way } from './load/reloads.js';
import { MODEL, requestsFor } from './load/requests.js';
import { twoVersions } from './load/versions.js';
import { inFolder } from './networks.js';
import { serving } from './serving.js';

const WAYS: readonly Way[] = ['load', 'unload and load', 'watch'];
/** Of inputs that are fixed at 256 x 256, and of open ones. */
const SERVERS = [
  { name: 'fixed', flags: [], size: undefined },
  { name: 'batches', flags: ['--max-batch', '8', '--max-delay-ms', '10'], size: {} },
] as const;
/** Milliseconds from one reload to the next. */
const INTERVAL = 1000;
/** As much as one worker answers about without refusing any. */
const LOAD = { clients: 3, pauseMs: 40, slowClients: 2 };

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
  allowPositionals: true,
});
const servers = SERVERS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const milliseconds = (1000 * Number(values.seconds)) / (WAYS.length * servers.length);
const requests = await requestsFor();

/** What becomes of requests, and of those on new connections, while a model is replaced. */
async function underLoad(url: string, reloader: Reloader) {
  const ending = new AbortController();
  const probe = await startPart('probe', { url });
  const mix = await startPart('mix', { url, load: LOAD });
  const reloads = reloader.run(INTERVAL, ending.signal);
  await setTimeout(milliseconds);
  ending.abort();
  await reloads;
  return [await mix.end(), await probe.end()] as const;
}

await inFolder(async (file) => {
  const [all, watched] = [new Tally(), new Tally()];
  const lost = () => all.count('lost') + watched.count('lost');
  let reloads = 0;
  const failures: string[] = [];
  const served = file('served.onnx');
  for (const { name, flags, size } of servers) {
    const versions = await twoVersions(file, requests, size);
    for (const way of WAYS) {
      copyFileSync(versions[0]?.file ?? '', served);
      const more = ['--workers', '1', ...flags, ...(way === 'watch' ? ['--watch'] : [])];
      const before = lost();
      await serving(`${MODEL}=${served}`, more, async ({ url }) => {
        const reloader = new Reloader(url, way, served, versions);
        const [outcomes, probes] = await underLoad(url, reloader);
        const { history } = reloader;
        all.add(outcomes, { requests, versions, history });
        watched.add(probes, { requests, versions, history });
        const sent = outcomes.length + probes.length;
        print(`${name}, ${way}: ${history.reloads} reloads, ${sent} requests, lost ${lost() - before}`);
        reloads += history.reloads;
        failures.push(...history.failures);
      });
    }
  }
  print('');
  all.print();
  print('\non new connections');
  watched.print();
  verdict('requests that were lost', String(lost()), lost() === 0);
  const late = all.count('late') + watched.count('late');
  verdict('requests whose deadline passed', String(late), late === 0);
  const failed = failures.length === 0 ? 'none failed' : `${failures.length} failed: ${failures[0]}`;
  verdict('reloads', `${reloads}, ${failed}`, reloads > 0 && failures.length === 0);
});
