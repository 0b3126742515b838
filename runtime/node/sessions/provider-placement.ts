import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at } from '../../../graph/common/at.js';
import { probeInputs } from '../../sessions/probe.js';
import type { TypedInputs } from '../../sessions/tensors.js';
import { type NativeOptions, openNative } from './native.js';
import { PROVIDER_IDS, PROVIDERS } from './providers.js';

/** Nodes of the optimized graph by the provider that ran them. */
export type ProviderPlacement = Readonly<Record<string, number>>;

/** @deprecated Its name is ProviderPlacement. */
export type Placement = ProviderPlacement;

/** What onnxruntime's profiler tells of some runs. */
export interface Profile {
  readonly placement: ProviderPlacement;
  /** Milliseconds of one run by operator of the optimized graph, the longest first; means of the runs but the first. */
  readonly operators: Readonly<Record<string, number>>;
}

/** The first run also allocates and compiles: it is not counted. */
const RUNS = 4;

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  /** Microseconds. */
  readonly dur?: number;
  readonly args?: { readonly provider?: string; readonly op_name?: string; readonly node_index?: string };
}

/** The bytes of an .onnx file, and how it is opened. */
interface Opening {
  readonly model: Uint8Array;
  readonly options: NativeOptions;
}

/** Runs a model once with onnxruntime's profiler, which tells the provider of every node. */
export async function providerPlacementOf({ model, options }: Opening): Promise<ProviderPlacement> {
  const folder = await mkdtemp(join(tmpdir(), 'nmode-profile-'));
  try {
    return placementIn(await eventsOf(model, options, folder, 1));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param folder where onnxruntime may leave its file */
export async function profileOf(
  model: Uint8Array,
  options: NativeOptions,
  folder: string,
  inputs: TypedInputs,
): Promise<Profile> {
  const events = await eventsOf(model, options, folder, RUNS, inputs);
  return { placement: placementIn(events), operators: operatorsIn(events) };
}

/** The events of the nodes' kernels, in the order in which they ran. */
async function eventsOf(
  model: Uint8Array,
  options: NativeOptions,
  folder: string,
  runs: number,
  inputs?: TypedInputs,
): Promise<readonly ProfileEvent[]> {
  const session = await openNative(model, { ...options, profilePrefix: join(folder, 'profile') });
  try {
    for (let run = 0; run < runs; run++) await session.run(inputs ?? probeInputs(session.inputs));
  } finally {
    await session.release();
  }
  const file = at(await readdir(folder), 0);
  const events: readonly ProfileEvent[] = JSON.parse(await readFile(join(folder, file), 'utf8'));
  return events.filter(({ cat, name }) => cat === 'Node' && name?.endsWith('_kernel_time'));
}

function placementIn(events: readonly ProfileEvent[]): ProviderPlacement {
  const counts = new Map<string, number>();
  for (const { args } of firstOfEach(events)) {
    if (args?.provider === undefined) continue;
    const id = PROVIDER_IDS.find((known) => PROVIDERS[known].profileName === args.provider) ?? args.provider;
    counts.set(id, 1 + (counts.get(id) ?? 0));
  }
  return Object.fromEntries(counts);
}

function operatorsIn(events: readonly ProfileEvent[]): Profile['operators'] {
  const times = new Map<string, number>();
  const first = new Set(firstOfEach(events));
  for (const event of events) {
    if (first.has(event) || event.dur === undefined) continue;
    const operator = event.args?.op_name ?? '';
    times.set(operator, (times.get(operator) ?? 0) + event.dur / 1000 / (RUNS - 1));
  }
  return Object.fromEntries([...times].sort(([, a], [, b]) => b - a));
}

/** The first event of each node: later runs repeat them. */
function firstOfEach(events: readonly ProfileEvent[]): readonly ProfileEvent[] {
  const nodes = new Map<string, ProfileEvent>();
  for (const event of events) {
    const node = event.args?.node_index ?? event.name ?? '';
    if (!nodes.has(node)) nodes.set(node, event);
  }
  return [...nodes.values()];
}
