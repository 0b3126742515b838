import { readFileSync } from 'node:fs';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import type { NamedArguments } from '../../exporters/backbones/backbone.js';
import { type Checkpoint, readReference } from '../../exporters/checkpoints/open.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { optimize } from '../../graph/passes/optimize.js';
import { fixture, paritiesOf } from './fixtures.js';
import { seeded, seededWith } from './seeded.js';

/** A network of a family that arguments put together, as `cases.json` of its fixtures lists it. */
export interface NetworkCase {
  readonly class: string;
  readonly arguments: NamedArguments;
  /** Of the input. */
  readonly shape: readonly number[];
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

interface Listed {
  /** A factor of the running variances. */
  readonly variance: number;
  readonly cases: Readonly<Record<string, NetworkCase>>;
}

export const casesIn = (folder: string): Listed =>
  JSON.parse(readFileSync(fixture(folder, 'cases.json'), 'utf8'));

/** A checkpoint of seeded weights under PyTorch's keys, and what stands beside it. */
export function seededCheckpoint(
  { keys }: Pick<NetworkCase, 'keys'>,
  variance: number,
  extras: readonly (readonly [string, string])[] = [],
): Checkpoint {
  const weights = seededWith(variance);
  const trained = Object.entries(keys).filter(([key]) => !key.endsWith('.num_batches_tracked'));
  return {
    ...{ file: 'model.pt', format: 'torch zip', note: '', extras: new Map(extras) },
    tensors: new Map(trained.map(([key, dims]) => [key, weights(key, dims)])),
    sha256: () => '',
    close() {},
  };
}

/** What PyTorch gives for the seeded input of this shape. */
export async function referenceIn(
  folder: string,
  name: string,
  shape: readonly number[],
): Promise<ReadonlyMap<string, Tensor>> {
  const output = (await readReference(fixture(folder, 'outputs.safetensors'))).get(name);
  if (output === undefined) throw new Error(`no output of ${name}`);
  return new Map([
    ['input', seeded('input', shape)],
    ['mask', output],
  ]);
}

/** A network with its logits: as it is built and rewritten, of the sizes of a shape, and of open ones. */
export function variantsOf(checkpoint: Checkpoint, [batch, , ...space]: readonly number[]): readonly Model[] {
  const [width, height, depth] = space.toReversed();
  const exported = (size: object) => exportCheckpoint(checkpoint, planExport({ head: 'none', size })).model;
  const model = exported({ batch, height, width, ...(depth !== undefined && { depth }) });
  const levels = ['standard', 'latency'] as const;
  return [model, ...levels.map((level) => optimize(model, { level }).model), exported({})];
}

/** The largest difference from a reference, beside its largest value where that is above 1. */
export async function worstOf(
  models: readonly Model[],
  reference: ReadonlyMap<string, Tensor>,
): Promise<number> {
  const differences: number[] = [];
  for (const model of models) {
    const [parity] = await paritiesOf(encodeModel(model), [reference], 'all');
    differences.push(parity === undefined ? Number.NaN : parity.maxAbs / Math.max(1, parity.largest));
  }
  return Math.max(...differences);
}
