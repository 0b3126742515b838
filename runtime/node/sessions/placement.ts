import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeInputs } from '../../sessions/probe.js';
import { type NativeOptions, openNative } from './native.js';
import { PROVIDER_IDS, PROVIDERS } from './providers.js';

/** Nodes of the optimized graph by the provider that ran them. */
export type Placement = Readonly<Record<string, number>>;

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly provider?: string };
}

/** Runs a model once with onnxruntime's profiler, which tells the provider of every node. */
export async function placementOf(model: Uint8Array, options: NativeOptions): Promise<Placement> {
  const folder = await mkdtemp(join(tmpdir(), 'nmode-profile-'));
  try {
    const session = await openNative(model, { ...options, profilePrefix: join(folder, 'profile') });
    try {
      await session.run(probeInputs(session.inputs));
    } finally {
      await session.release();
    }
    const [file = ''] = await readdir(folder);
    const events: readonly ProfileEvent[] = JSON.parse(await readFile(join(folder, file), 'utf8'));
    const counts: Record<string, number> = {};
    for (const { cat, name, args } of events) {
      if (cat !== 'Node' || args?.provider === undefined || !name?.endsWith('_kernel_time')) continue;
      const id =
        PROVIDER_IDS.find((known) => PROVIDERS[known].profileName === args.provider) ?? args.provider;
      counts[id] = (counts[id] ?? 0) + 1;
    }
    return counts;
  } finally {
    await rm(folder, { recursive: true });
  }
}
