import { readFileSync } from 'node:fs';
import type { DecoderId } from '../../exporters/assembly/describe.js';
import type { Head } from '../../exporters/assembly/head.js';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { fixture } from './fixtures.js';
import { seededWith } from './seeded.js';

/** One line of fixtures/kin/cases.json: an output. */
export interface KinCase {
  readonly name: string;
  readonly network: string;
  readonly backbone: string;
  readonly decoder: DecoderId;
  /** The factor of its running variances. */
  readonly variance: number;
  readonly activation: 'gelu' | 'tanh' | 'none' | null;
  /** [N, C, H, W] */
  readonly input: readonly [number, number, number, number];
}

const json = (name: string) => JSON.parse(readFileSync(fixture('kin', name), 'utf8'));

export const kinCases: readonly KinCase[] = json('cases.json');

/** The keys and shapes of each network. */
const keys: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = json('keys.json');

/** What the networks of several classes end in: EGE-UNet's own code, and what is usual for logits. */
const HEADS: Readonly<Record<string, Head>> = {
  'attention-classes': 'softmax',
  'nested-classes': 'softmax',
  'smp-classes': 'softmax',
  'ege-classes': 'sigmoid',
};

/** What a checkpoint cannot tell, and nothing else. */
export function toldByKin({ network, decoder, activation }: KinCase) {
  const head = HEADS[network];
  return {
    ...(head && { head }),
    ...(activation !== null && { activation, ...(decoder !== 'hd' && { decoder }) }),
  };
}

const counter: Tensor = { dtype: 'int64', dims: [], bytes: () => new Uint8Array(8) };

/** A network's checkpoint as if it had been read from a file. */
export function kinCheckpoint({ network, variance }: KinCase): Checkpoint {
  return seededCheckpoint(network, keys[network] ?? {}, variance);
}

/** A state dict of these keys and shapes, in their order, with computed weights. */
export function seededCheckpoint(
  name: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  variance = 1,
): Checkpoint {
  const weight = seededWith(variance);
  const tensors = Object.entries(shapes).map(([key, shape]): [string, Tensor] => [
    key,
    key.endsWith('.num_batches_tracked') ? counter : weight(key, shape),
  ]);
  return {
    file: `${name}.pth`,
    format: 'torch zip',
    tensors: new Map(tensors),
    note: '',
    sha256: () => '',
    close: () => {},
  };
}
