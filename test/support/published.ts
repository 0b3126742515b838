import { readFileSync } from 'node:fs';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import { type Checkpoint, readReference } from '../../exporters/checkpoints/open.js';
import type { SolverId } from '../../exporters/decoders/solvers.js';
import { pick } from '../../graph/common/pick.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { type Level, optimize } from '../../graph/passes/optimize.js';
import { fixture, paritiesOf } from './fixtures.js';
import { seededCheckpoint } from './kin.js';
import { seeded } from './seeded.js';

/** One line of fixtures/published/cases.json: an output of a network's own published code. */
export interface PublishedCase {
  readonly name: string;
  readonly network: string;
  readonly backbone: string;
  /** owner/repository@commit */
  readonly source: string;
  /** The factor of its running variances. */
  readonly variance: number;
  /** [N, C, H, W] */
  readonly input: readonly [number, number, number, number];
  /** An nmODE decoder on the network's encoder, where it has that in place of its own. */
  readonly decoder?: SolverId;
  readonly activation?: 'gelu' | 'tanh';
}

const json = (name: string) => JSON.parse(readFileSync(fixture('published', name), 'utf8'));

export const publishedCases: readonly PublishedCase[] = json('cases.json');

const keys: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = json('keys.json');

/** What its code gave for a case; only one of TwinLiteNet's classes is no alternative to the other. */
export async function publishedParity(entry: PublishedCase, level: Level) {
  outputs ??= await readReference(fixture('published', 'outputs.safetensors'));
  const [image, mask] = [seeded('input', entry.input), outputs.get(entry.name)];
  if (mask === undefined) throw new Error(`no output ${entry.name}`);
  const [batch, , height, width] = entry.input;
  const plan = planExport({
    size: { batch, height, width },
    ...(Number(mask.dims[1]) > 1 && { head: entry.backbone === 'twinlitenet' ? 'sigmoid' : 'softmax' }),
    ...pick(entry, ['decoder', 'activation']),
  });
  const { model, description } = exportCheckpoint(publishedCheckpoint(entry), plan);
  const reference = new Map(Object.entries({ input: image, mask }));
  const [parity] = await paritiesOf(encodeModel(optimize(model, { level }).model), [reference], 'all');
  return { backbone: description.network.backbone, maxAbs: parity?.maxAbs };
}

let outputs: ReadonlyMap<string, Tensor> | undefined;

export function publishedCheckpoint({ network, variance }: PublishedCase): Checkpoint {
  const shapes = keys[network];
  if (shapes === undefined) throw new Error(`no network ${network}`);
  return seededCheckpoint(network, shapes, variance);
}
