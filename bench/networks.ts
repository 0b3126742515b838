import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UNet } from '../exporters/backbones/unet.js';
import { buildModel } from '../exporters/build.js';
import { type DecoderId, standard } from '../exporters/describe.js';
import { Weights } from '../exporters/weights.js';
import { encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/model.js';
import { RELEASE_SIDE } from '../graph/recipe.js';
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

/** The release's network of a decoder and a first width, 256 x 256, with seeded weights. */
export function seededNetwork(decoder: DecoderId, width: number): Model {
  const description = standard(UNet.ofWidth(width), decoder);
  const size = { batch: 1, height: RELEASE_SIDE, width: RELEASE_SIDE };
  return buildModel(description, Weights.from(seeded), { size });
}

export function writeEed(path: string, width: number): void {
  writeFileSync(path, encodeModel(seededNetwork('eed', width)));
}
