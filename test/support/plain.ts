import { readFileSync } from 'node:fs';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { fixture } from './fixtures.js';
import { seededCheckpoint } from './kin.js';

/** One line of fixtures/plain/cases.json: a U-Net as people write them. */
export interface PlainCase {
  readonly name: string;
  readonly channels: number;
  /** Levels are concatenated in an order, or added. */
  readonly join: 'skip-first' | 'up-first' | 'sum';
  readonly order: string;
}

const json = (name: string) => JSON.parse(readFileSync(fixture('plain', name), 'utf8'));

export const plainCases: readonly PlainCase[] = json('cases.json');

const keys: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = json('keys.json');

/** The keys and shapes of a case, or of the encoder with an nmODE decoder. */
export function plainShapes({ name }: Pick<PlainCase, 'name'>): Readonly<Record<string, readonly number[]>> {
  const shapes = keys[name];
  if (shapes === undefined) throw new Error(`no network ${name}`);
  return shapes;
}

export const plainCheckpoint = (entry: Pick<PlainCase, 'name'>): Checkpoint =>
  seededCheckpoint(entry.name, plainShapes(entry));
