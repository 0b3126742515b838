import { readFileSync } from 'node:fs';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { fixture } from './fixtures.js';
import { seededCheckpoint } from './kin.js';

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
}

const json = (name: string) => JSON.parse(readFileSync(fixture('published', name), 'utf8'));

export const publishedCases: readonly PublishedCase[] = json('cases.json');

const keys: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = json('keys.json');

export function publishedCheckpoint({ network, variance }: PublishedCase): Checkpoint {
  const shapes = keys[network];
  if (shapes === undefined) throw new Error(`no network ${network}`);
  return seededCheckpoint(network, shapes, variance);
}
