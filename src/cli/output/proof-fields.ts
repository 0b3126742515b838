import type { ExportReport, GraftReport } from '../../index.js';
import { transformFields } from '../flags/transform-flags.js';
import { assumedNetworkField } from './assumed-field.js';
import { costField } from './cost-field.js';
import type { Field } from './print.js';
import { verifiedField } from './verified-field.js';

/** What is said of every model that is made: its cost, what was assumed, how it was verified and rewritten, notes. */
export function proofFields(report: ExportReport | GraftReport): readonly Field[] {
  return [
    costField(report),
    assumedNetworkField(report.assumed, report.verified !== undefined),
    verifiedField(report),
    ...transformFields(report),
    ...report.notes.map((note) => ['note', note] as const),
  ];
}
