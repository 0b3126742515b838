import { readFileSync } from 'node:fs';
import type { ExportOptions } from '../../exporters/assembly/export-plan.js';

import { fixture } from './fixtures.js';

/** One line of fixtures/settings/cases.json: weights that are there already, computed with otherwise. */
export interface SettingCase {
  readonly name: string;
  /** Within fixtures/, or else a network of fixtures/kin/. */
  readonly checkpoint?: string;
  readonly network?: string;
  readonly options: Omit<ExportOptions, 'size'>;
  /** [N, C, H, W] */
  readonly input: readonly [number, number, number, number];
}

export const settingCases: readonly SettingCase[] = JSON.parse(
  readFileSync(fixture('settings', 'cases.json'), 'utf8'),
);
