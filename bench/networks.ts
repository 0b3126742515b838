import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildModel } from '../exporters/assembly/build.js';
import { type DecoderId, standard } from '../exporters/assembly/describe.js';
import type { Network } from '../exporters/backbones/backbone.js';
import { UNet } from '../exporters/backbones/unet.js';
import { type TensorSource, Weights } from '../exporters/nn/weights.js';
import { encodeModel } from '../graph/file/write.js';
import type { Model } from '../graph/ir/model.js';
import { RELEASE_SIDE } from '../graph/recipe/recipe.js';
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
  return seededModel(UNet.ofWidth(width), decoder, RELEASE_SIDE, seeded);
}

/** A network with a decoder in the release's form, for one square image. */
export function seededModel(network: Network, decoder: DecoderId, side: number, source: TensorSource): Model {
  const size = { batch: 1, height: side, width: side };
  return buildModel(standard(network, decoder), Weights.from(source), { size });
}

export function writeEed(path: string, width: number): void {
  writeFileSync(path, encodeModel(seededNetwork('eed', width)));
}
