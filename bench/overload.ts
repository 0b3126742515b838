/**
 * `npm run bench:overload`: a server that is sent four times what it can do, beside bodies that no client should send, 500 idle
 * connections and reloads of its model: how those fare that it accepts and those that it refuses, whether it says that it
 * lives, what it holds, and how fast it is afterwards.
 *
 *     npm run bench:overload -- [--seconds 60]
 *
 * What loads it and what watches it are processes of their own, with the priority of the server, with which they may share its cores:
 * what has a lower one (`nice` 5) cannot keep up on two cores, and loses answers by itself. How late requests were sent is told.
 * Only what is hostile is niced.
 */
import { copyFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { print, table } from '../src/cli/output/print.js';
import { median, percentile } from '../src/measuring/percentile.js';
import { send } from './load/client.js';
import type { Met } from './load/hostile.js';
import { Tally, verdict } from './load/judge.js';
import { startPart } from './load/part.js';
import { Reloader } from './load/reloads.js';
import { MODEL, requestsFor } from './load/requests.js';
import { twoVersions } from './load/versions.js';
import { inFolder } from './networks.js';
import { memoryOf, serving } from './serving.js';

const [TIMES, IDLE, NICE] = [4, 500, 5];
/** Milliseconds from one reload to the next: each holds up to four of the model in memory. */
const INTERVAL = 10_000;
/** Of a server that is asked nothing else: milliseconds, and single requests. */
const [CAPACITY, SINGLES] = [10_000, 20];
/** Milliseconds until it says that it lives, bytes, and how much slower it may be afterwards. */
const [LIVE, MEMORY, SLOWER] = [200, 1e9, 1.25];

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const seconds = Number(values.seconds);
const requests = await requestsFor();

/** Milliseconds of requests that come one after the other. */
async function singles(url: string): Promise<readonly number[]> {
  const [request] = requests;
  const times: number[] = [];
  while (times.length < SINGLES) {
    const { start, end, status, error } = await send(url, request, false);
    if (status !== 200) throw new Error(`a single request: ${error ?? status}`);
    times.push(end - start);
  }
  return times;
}

/** Requests a second that the server answers to eight clients. */
async function capacityOf(url: string): Promise<number> {
  const mix = await startPart('mix', { url, load: { clients: 8, pauseMs: 0, slowClients: 0 } });
  await setTimeout(CAPACITY);
  return rateOf((await mix.end()).filter(({ status }) => status === 200).map(({ end }) => end));
}

/** How many a second: of times, in milliseconds. */
function rateOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return (1000 * (sorted.length - 1)) / ((sorted.at(-1) ?? Number.NaN) - (sorted[0] ?? Number.NaN));
}

/** Everything at once. */
async function overload(url: string, rate: number, reloader: Reloader) {
  const ending = new AbortController();
  const probe = await startPart('probe', { url });
  const mix = await startPart('mix', { url, load: { rate } });
  const hostile = await startPart('hostile', { url, idle: IDLE }, NICE);
  const reloads = reloader.run(INTERVAL, ending.signal);
  await setTimeout(1000 * seconds);
  ending.abort();
  const [probes, outcomes, met] = await Promise.all([probe.end(), mix.end(), hostile.end(), reloads]);
  return { probes, outcomes, met };
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
const mb = (value: number) => `${(value / 1e6).toFixed(0)} MB`;

await inFolder(async (file) => {
  const versions = await twoVersions(file, requests);
  const served = file('served.onnx');
  copyFileSync(versions[0]?.file ?? '', served);
  await serving(`${MODEL}=${served}`, [], async ({ url, pid }) => {
    const capacity = await capacityOf(url);
    const before = { times: await singles(url), memory: memoryOf(pid) };
    const reloader = new Reloader(url, 'load', served, versions);
    const { probes, outcomes, met } = await overload(url, TIMES * capacity, reloader);
    const after = { times: await singles(url), memory: memoryOf(pid) };

    const { history } = reloader;
    const [all, watched] = [new Tally(), new Tally()];
    all.add(outcomes, { requests, versions, history });
    watched.add(probes, { requests, versions, history });
    const sent = rateOf(outcomes.map(({ start }) => start));
    const late = outcomes.map(({ late = 0 }) => late).sort((a, b) => a - b);
    print(`sustained ${capacity.toFixed(1)} a second, sent ${sent.toFixed(1)} a second for ${seconds} s`);
    print(`of 100 requests, 99 were sent within ${ms(percentile(late, 0.99))} of when they were due`);
    print(`${history.reloads} reloads, ${history.failures.length} refused\n`);
    all.print();
    print('\non new connections');
    watched.print();
    print('');
    printMet(met);

    const lost = all.count('lost') + watched.count('lost');
    verdict('requests that were lost', String(lost), lost === 0);
    const live = watched.latency('live', 0.99);
    verdict(`/v2/health/live on new connections, p99 of ${LIVE} ms at most`, ms(live), live <= LIVE);
    const ignored = met.filter(({ how }) => how === 'no answer' || how === '500').length;
    verdict('what is hostile is refused or cut', `${met.length} sent, ${ignored} were not`, ignored === 0);
    const { peak } = after.memory;
    const held = `${mb(before.memory.held)} before, ${mb(after.memory.held)} after`;
    verdict(`memory below ${mb(MEMORY)}`, `${mb(peak)} at most, ${held}`, peak < MEMORY);
    const [was, is] = [median(before.times), median(after.times)];
    verdict(
      `single requests take ${SLOWER} times at most of what they took before`,
      `${(is / was).toFixed(2)}: ${ms(was)} before, ${ms(is)} after, the first ${ms(after.times[0] ?? Number.NaN)}`,
      is <= SLOWER * was,
    );
  });
});

function printMet(met: readonly Met[]): void {
  const groups = new Map<string, number[]>();
  for (const { kind, how, took } of met) {
    const name = `${kind}: ${how}`;
    groups.set(name, [...(groups.get(name) ?? []), took]);
  }
  const rows = [...groups].map(([name, times]) => [name, String(times.length), ms(Math.max(...times))]);
  print(`${table(['hostile', 'sent', 'longest'], rows)}\n`);
}
