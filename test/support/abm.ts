import { readFileSync } from 'node:fs';
import type { ExportOptions } from '../../exporters/assembly/export-plan.js';
import type { Checkpoint } from '../../exporters/checkpoints/open.js';
import { fixture } from './fixtures.js';
import { type NetworkCase, seededCheckpoint } from './network-cases.js';

/** One line of fixtures/abm/cases.json. */
export interface AbmCase extends Pick<NetworkCase, 'shape' | 'keys'> {
  readonly backbone: string;
  readonly told: Omit<ExportOptions, 'size'>;
}

const listed: { readonly variance: number; readonly cases: Readonly<Record<string, AbmCase>> } = JSON.parse(
  readFileSync(fixture('abm', 'cases.json'), 'utf8'),
);

export const ABM_CASES = listed.cases;

export const abmCheckpoint = (entry: Pick<AbmCase, 'keys'>): Checkpoint =>
  seededCheckpoint(entry, listed.variance);
