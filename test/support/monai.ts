import { readFileSync } from 'node:fs';
import type { NamedArguments } from '../../exporters/backbones/backbone.js';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { fixture } from './fixtures.js';
import { seededWith } from './seeded.js';

/** One network of fixtures/monai/cases.json. */
export interface MonaiCase {
  readonly class: string;
  readonly arguments: NamedArguments;
  /** Of the input. */
  readonly shape: readonly number[];
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

interface Listed {
  readonly variance: number;
  readonly cases: Readonly<Record<string, MonaiCase>>;
}

export const { variance: VARIANCE, cases: MONAI_CASES }: Listed = JSON.parse(
  readFileSync(fixture('monai', 'cases.json'), 'utf8'),
);

export const monaiIdOf = (entry: MonaiCase): string => `monai.${entry.class.toLowerCase()}`;

/** What a bundle says of the network, beside its weights. */
export const inferenceOf = ({ class: name, arguments: args }: MonaiCase, more: object = {}): string =>
  JSON.stringify({ network_def: { _target_: name, ...args }, ...more });

/** A checkpoint of seeded weights under PyTorch's keys, and what stands beside it. */
export function monaiCheckpoint(
  { keys }: Pick<MonaiCase, 'keys'>,
  extras: readonly (readonly [string, string])[] = [],
): Checkpoint {
  const weights = seededWith(VARIANCE);
  const trained = Object.entries(keys).filter(([key]) => !key.endsWith('.num_batches_tracked'));
  return {
    ...{ file: 'model.pt', format: 'torch zip', note: '', extras: new Map(extras) },
    tensors: new Map(trained.map(([key, dims]) => [key, weights(key, dims)])),
    sha256: () => '',
    close() {},
  };
}
