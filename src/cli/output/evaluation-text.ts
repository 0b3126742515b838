import { badImage } from '../../../graph/common/errors.js';
import { recipeSummary } from '../../../graph/recipe/recipe.js';
import type { ClassMetrics } from '../../reports/compare-classes.js';
import type { EvaluationReport } from '../../reports/evaluation-counts.js';
import { classFigures, count, metricFields, share } from '../../reports/figures.js';
import { truthText } from '../../reports/truth-report.js';
import type { InFlags } from '../flags/flag-words.js';
import { assumedField, shardField } from './fields.js';
import { noteFallback, noteTiles, warn } from './notes.js';
import { type Field, fields } from './print.js';

export function evaluationText(report: EvaluationReport): string {
  const { perImage, at, recipe } = report;
  const pixels = Object.entries(report.confusion).map(([key, value]) => `${key} ${count(value)}`);
  const resized = at === 'network' && recipe.sizing.kind === 'resize';
  const worst = perImage.toSorted((a, b) => a.dsc - b.dsc).slice(0, 3);
  return fields([
    ['images', `${report.images}, counted at ${resized ? "the network's input size" : 'their own size'}`],
    ['truth', truthText(report.truth)],
    ...metricFields(report),
    ['DSC by image', `mean ${share(report.meanDsc)}, median ${share(report.medianDsc)}`],
    ['worst', worst.map(({ name, dsc }) => `${name} ${share(dsc)}`).join(', ')],
    ...(report.classes ?? []).map(classField),
    ['pixels', pixels.join(', ')],
    ['ran on', report.provider],
    ['prepared', recipeSummary(recipe)],
    assumedField(report.assumed),
    shardField(report.shard),
  ]);
}

function classField({ label, name, background, ...metrics }: ClassMetrics): Field {
  const note = background ? ' (background, not in the means above)' : '';
  return [name === undefined ? `class ${label}` : `${name} (${label})`, `${classFigures(metrics)}${note}`];
}

/** What is wrong with files, in flags. */
export const failuresInWords = <T extends { readonly error: string }>(
  failures: readonly T[],
  inFlags: InFlags,
): Promise<readonly T[]> =>
  Promise.all(failures.map(async (failure) => ({ ...failure, error: await inFlags(failure.error) })));

export async function evaluationInWords(
  { failures, warnings, ...report }: EvaluationReport,
  inFlags: InFlags,
): Promise<EvaluationReport> {
  return {
    ...report,
    warnings: await Promise.all(warnings.map(inFlags)),
    failures: await failuresInWords(failures, inFlags),
  };
}

/** What else is to be said, on standard error. @throws NmodeError (BAD_IMAGE) where a file was not counted */
export function noteEvaluation(report: EvaluationReport): void {
  noteFallback(report.session);
  for (const { name, tiling } of report.tiled) noteTiles(name, tiling);
  const { failures, images, warnings } = report;
  warnings.forEach(warn);
  for (const { error } of failures) process.stderr.write(`nmode: ${error}\n`);
  if (failures.length > 0) {
    const total = failures.length + images;
    throw badImage(`${failures.length} of ${total} files were not counted`);
  }
}
