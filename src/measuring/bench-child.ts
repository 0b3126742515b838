/** A process that measures one model, so that its peak memory and its threads are its own. */
import { readFile } from 'node:fs/promises';
import { pick } from '../../graph/common/pick.js';
import { VERSION } from '../../graph/common/version.js';
import { encodeModel } from '../../graph/file/write.js';
import { input } from '../../graph/ir/value.js';
import { relu } from '../../graph/ops/unary.js';
import { assemble } from '../../graph/rewriting/assemble.js';
import { type NativeOptions, openNative } from '../../runtime/node/sessions/native.js';
import { type Profile, profileOf } from '../../runtime/node/sessions/provider-placement.js';
import { type ProviderName, parseProvider } from '../../runtime/node/sessions/providers.js';
import {
  createSession,
  type ProviderReport,
  type Session,
  type SessionOptions,
} from '../../runtime/node/sessions/session.js';
import { probeInputs } from '../../runtime/sessions/probe.js';
import type { Floats, TypedInputs } from '../../runtime/sessions/tensors.js';
import { answer, type Request } from '../../runtime/threads/protocol.js';
import { outputOf } from '../transform/output-of.js';
import type { BenchModel } from './bench-model.js';

/** Milliseconds until threads that have slept run at their pace: they share a core at first, and caches are another's. */
const WARM_UP = 100;

/** Milliseconds after which no more runs are made to find the fastest: WebGPU in software is slow. */
const PATIENCE = 3000;

type Opening = Pick<BenchModel, 'path' | 'ports'> & { readonly options: SessionOptions };

export interface OpenedModel {
  readonly provider: ProviderReport;
  readonly threads: number;
  readonly workers: number;
  /** Milliseconds of the first run. */
  readonly first: number;
  /** Of the outputs, in their order. */
  readonly names: readonly string[];
  /** Of the first run. */
  readonly outputs: readonly Floats[];
}

/** Some runs, in milliseconds. */
export interface Turn {
  readonly times: readonly number[];
  /** From the start of the first to the end of the last. */
  readonly elapsed: number;
}

/** Where a model runs. */
interface Place {
  readonly provider: ProviderName;
  readonly threads: number;
}

export interface FastestOptions extends Place {
  readonly bytes: Uint8Array;
  readonly inputs: TypedInputs;
  readonly runs: number;
}

let session: Session | undefined;
let feeds: TypedInputs = {};

function opened(): Session {
  if (session === undefined) throw new TypeError('no model is open');
  return session;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** How `createSession` opens a model where nothing else is said. */
function nativeOptions(provider: ProviderName, threads: number): NativeOptions {
  return { provider: parseProvider(provider), graphOptimization: 'all', threads, arena: true };
}

/** A model whose load is that of the runtime itself. */
function oneNode(): Uint8Array {
  const x = input('x', 'float32', [1]);
  return encodeModel(
    assemble({ name: 'one node', inputs: [x], outputs: { y: relu(x) }, producerVersion: VERSION }),
  );
}

/** Of the whole life of this process, in bytes. What others say of a child begins with its parent's. */
async function peakBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kibibytes) * 1024;
}

const methods = {
  async open({ path, ports, options }: Opening): Promise<OpenedModel> {
    feeds = probeInputs(ports);
    session = await createSession(await readFile(path), options);
    const start = performance.now();
    const outputs = await session.run(feeds, { type: 'float32' });
    const first = performance.now() - start;
    const names = session.outputs.map(({ name }) => name);
    const ordered = names.map((name) => outputOf(outputs, name));
    return { ...pick(session, ['provider', 'threads', 'workers']), first, names, outputs: ordered };
  },

  /** Runs with all workers busy, after some that are not counted: others have run since. */
  async turn(runs: number): Promise<Turn> {
    const { workers } = opened();
    const run = () => opened().run(feeds);
    const together = (each: () => Promise<unknown>) => Promise.all(Array.from({ length: workers }, each));
    const warm = performance.now() + WARM_UP;
    do await together(run);
    while (performance.now() < warm);
    const times: number[] = [];
    let left = runs;
    const elapsed = await timed(() =>
      together(async () => {
        while (left-- > 0) times.push(await timed(run));
      }),
    );
    return { times, elapsed };
  },

  peakBytes,

  /** Milliseconds to load a model from memory, in a process that has loaded no other but one of a single node. */
  async load({ path, provider, threads }: Place & { readonly path: string }): Promise<number> {
    const options = nativeOptions(provider, threads);
    await (await openNative(oneNode(), options)).release();
    const bytes = await readFile(path);
    return timed(() => openNative(bytes, options));
  },

  async profile({ path, folder }: { path: string; folder: string }): Promise<Profile> {
    const { provider, threads } = opened();
    return profileOf(await readFile(path), nativeOptions(provider.effective, threads), folder, feeds);
  },

  /** Milliseconds of the fastest of some runs, without a thread in between. */
  async fastest({ bytes, inputs, runs, provider, threads }: FastestOptions): Promise<number> {
    const bare = await openNative(bytes, nativeOptions(provider, threads));
    let fastest = Number.POSITIVE_INFINITY;
    const deadline = performance.now() + PATIENCE;
    for (let run = 0; run < runs && performance.now() < deadline; run++) {
      fastest = Math.min(fastest, await timed(() => bare.run(inputs)));
    }
    await bare.release();
    return fastest;
  },
};

export type BenchMethods = typeof methods;

// Where the process that asks is gone, there is nothing left to do.
process.on('disconnect', () => process.exit());
process.on('message', (request: Request) => answer(methods, request, (message) => process.send?.(message)));
