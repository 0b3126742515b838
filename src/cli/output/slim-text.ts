import { recipeSummary } from '../../../graph/recipe/recipe.js';
import { bytesText, count, share } from '../../reports/figures.js';
import { slimTable } from '../../slimming/figures/table.js';
import type { SlimReport } from '../../slimming/slim-report.js';
import { assumedField } from './fields.js';
import { fields, lineWidth } from './print.js';

export function slimText(report: SlimReport): string {
  const { images, heldOut, failures } = report;
  const { train, heldOut: held, test } = images;
  return `${fields([
    ['teacher', report.network],
    ['frozen', report.encoder],
    ['fitted', `${report.decoder} decoder, ${count(report.fitted)} parameters`],
    ['images', `${train} training, ${held} held out, ${test} test (the figures below)`],
    ['recipe', recipeSummary(report.recipe)],
    assumedField(report.assumed.filter(({ verified }) => !verified)),
    ['training', `${report.steps} steps, seed ${report.seed}; weights of step ${report.bestStep}`],
    [
      'held out',
      heldOut.agreement &&
        `agreement ${share(heldOut.agreement.mean)} on the images that selected the weights, which is optimistic`,
    ],
    ...report.notes.map((note) => ['note', note] as const),
    ...failures.map(({ error }) => ['skipped', error] as const),
    ['written', `${report.output}: ${bytesText(report.student.bytes)}`],
  ])}\n\n${slimTable(report, lineWidth())}`;
}
