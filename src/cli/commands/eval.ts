import { type Command, Option } from 'commander';
import { NmodeError } from '../../../graph/common/errors.js';
import { recipeSummary } from '../../../graph/common/recipe.js';
import type { SessionOptions } from '../../../runtime/node/sessions/session.js';
import type { EvaluateOptions } from '../../api/evaluate.js';
import type { ClassMetrics } from '../../reports/compare-classes.js';
import type { EvaluationReport } from '../../reports/evaluation.js';
import { classFigures, count, metricFields, share } from '../../reports/figures.js';
import { truthText } from '../../reports/truth-report.js';
import { addCleaningFlags } from '../flags/cleaning-flags.js';
import type { InFlags } from '../flags/flag-words.js';
import { addModelFlags } from '../flags/model-flags.js';
import { optionsOf } from '../flags/options.js';
import { inputsOption, memoryBudgetOption } from '../flags/recipe-flags.js';
import { addSessionFlags, noteFallback, type SessionFlags } from '../flags/session-flags.js';
import { addTruthFlags } from '../flags/truth-flags.js';
import { assumedField } from '../output/assumed-field.js';
import { type Field, fields, printReport } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { noteTiles } from '../output/tiles-note.js';

interface Flags
  extends SessionFlags,
    Omit<EvaluateOptions, keyof SessionOptions | 'model' | 'signal' | 'onProgress'> {
  readonly json?: true;
}

export function addEval(program: Command, inFlags: InFlags): void {
  const command = program
    .command('eval')
    .description('count a model against ground-truth masks')
    .argument('<model.onnx>', 'the model')
    .requiredOption('--images <folder>', 'the images')
    .requiredOption(
      '--masks <folder>',
      'their masks, NAME.png, NAME_mask.png or NAME_segmentation.png (or another format), black and white, or label maps of several classes; may be the same folder',
    )
    .addOption(inputsOption('for several channels'));
  addTruthFlags(command)
    .addOption(
      new Option('--at <size>', "count at the network's input size, as the release does, or each image's own")
        .choices(['network', 'image'])
        .default('network'),
    )
    .addOption(memoryBudgetOption())
    .option('--report <file.html>', 'also write a report with pictures of the worst images')
    .option('--json', 'print one JSON document');
  addSessionFlags(addCleaningFlags(addModelFlags(command))).action(async (model: string, flags: Flags) => {
    const { evaluate } = await import('../../api/evaluate.js');
    const options = { ...optionsOf(flags), model };
    const found = await withProgress('images', (watching) => evaluate({ ...options, ...watching }));
    const report = await inWords(found, inFlags);
    printReport(report, flags.json, reportText);
    noteFallback(report.session);
    for (const { name, tiling } of report.tiled) noteTiles(name, tiling);
    const { failures, images, warnings } = report;
    for (const warning of warnings) process.stderr.write(`nmode: warning: ${warning}\n`);
    for (const { error } of failures) process.stderr.write(`nmode: ${error}\n`);
    if (failures.length > 0) {
      const total = failures.length + images;
      throw new NmodeError('BAD_IMAGE', `${failures.length} of ${total} files were not counted`);
    }
  });
}

async function inWords(
  { failures, warnings, ...report }: EvaluationReport,
  inFlags: InFlags,
): Promise<EvaluationReport> {
  return {
    ...report,
    warnings: await Promise.all(warnings.map(inFlags)),
    failures: await Promise.all(
      failures.map(async (failure) => ({ ...failure, error: await inFlags(failure.error) })),
    ),
  };
}

function reportText(report: EvaluationReport): string {
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
  ]);
}

function classField({ label, name, background, ...metrics }: ClassMetrics): Field {
  const note = background ? ' (background, not in the means above)' : '';
  return [name === undefined ? `class ${label}` : `${name} (${label})`, `${classFigures(metrics)}${note}`];
}
