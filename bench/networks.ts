import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unet } from '../exporters/backbones/unet.js';
import { buildModel } from '../exporters/build.js';
import { Weights } from '../exporters/weights.js';
import { encodeModel } from '../graph/file/write.js';
import { seeded } from '../test/support/seeded.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a measurement with an empty folder, which is gone afterwards. */
export async function inFolder(body: (file: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-bench-'));
  try {
    await body((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The release's EED network of a first width, 256 x 256, with seeded weights. */
export function writeEed(path: string, width: number): void {
  const network = unet(
    3,
    [1, 2, 4, 8, 8].map((factor) => factor * width),
  );
  const decoder = {
    id: 'eed',
    order: 'CR_B',
    kernel: 3,
    stateChannels: 3,
    activation: 'gelu',
    lmdForm: 'release',
  } as const;
  const size = { batch: 1, height: 256, width: 256 };
  const model = buildModel({ network, classes: 1, decoder }, Weights.from(seeded), { size });
  writeFileSync(path, encodeModel(model));
}
