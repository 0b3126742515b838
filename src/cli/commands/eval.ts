import { type Command, Option } from 'commander';
import { NmodeError } from '../../../graph/common/errors.js';
import { recipeSummary } from '../../../graph/common/recipe.js';
import type { Rgb } from '../../../runtime/masks/truth-image.js';
import type { ClassMetrics } from '../../reports/compare-classes.js';
import type { EvaluationReport } from '../../reports/evaluation.js';
import { count } from '../../reports/figures.js';
import { truthText } from '../../reports/truth-report.js';
import { parseColour, parseLabel } from '../flags/arguments.js';
import { addCleaningFlags, type CleaningFlags } from '../flags/cleaning-flags.js';
import { addModelFlags, assumedLines, type ModelFlags } from '../flags/model-flags.js';
import { memoryBudgetOption } from '../flags/recipe-flags.js';
import { addSessionFlags, noteFallback, type SessionFlags, sessionOptions } from '../flags/session-flags.js';
import { interruptible } from '../interruption.js';
import { fields, print, printJson } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { noteTiles } from '../output/tiles-note.js';

interface Flags extends SessionFlags, CleaningFlags, ModelFlags {
  readonly images: string;
  readonly masks: string;
  readonly at: 'network' | 'image';
  readonly truthLabel?: number;
  readonly truthColour?: Rgb;
  readonly ignoreLabel?: number;
  readonly memoryBudget?: number;
  readonly report?: string;
  readonly json?: true;
}

export function addEval(program: Command): void {
  const command = program
    .command('eval')
    .description('count a model against ground-truth masks')
    .argument('<model.onnx>', 'the model')
    .requiredOption('--images <folder>', 'the images')
    .requiredOption(
      '--masks <folder>',
      'their masks, NAME.png, NAME_mask.png or NAME_segmentation.png (or another format), black and white, or label maps of several classes; may be the same folder',
    )
    .option(
      '--truth-label <n>',
      'pixels of this grey value or palette index are foreground, all others not',
      parseLabel,
    )
    .option(
      '--truth-colour <r,g,b>',
      'opaque pixels of this colour are foreground, all others not',
      parseColour,
    )
    .option('--ignore-label <n>', 'pixels of this grey value or palette index are not counted', parseLabel)
    .addOption(
      new Option('--at <size>', "count at the network's input size, as the release does, or each image's own")
        .choices(['network', 'image'])
        .default('network'),
    )
    .addOption(memoryBudgetOption())
    .option('--report <file.html>', 'also write a report with pictures of the worst images')
    .option('--json', 'print one JSON document');
  addSessionFlags(addCleaningFlags(addModelFlags(command))).action(async (model: string, flags: Flags) => {
    const { json, provider, strict, threads, ...options } = flags;
    const { evaluate } = await import('../../api/evaluate.js');
    const session = sessionOptions(flags);
    const report = await withProgress('images', (onProgress) =>
      interruptible((signal) => evaluate({ ...options, ...session, model, signal, onProgress })),
    );
    if (json) printJson(report);
    else print(reportText(report));
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

function reportText(report: EvaluationReport): string {
  const { confusion, perImage, at, recipe } = report;
  const resized = at === 'network' && recipe.sizing.kind === 'resize';
  const worst = perImage.toSorted((a, b) => a.dsc - b.dsc).slice(0, 3);
  const share = (value: number) => value.toFixed(4);
  const truth = truthText(report.truth);
  return fields([
    ['images', `${report.images}, counted at ${resized ? "the network's input size" : 'their own size'}`],
    ...(truth === undefined ? [] : ([['truth', truth]] as const)),
    ['mIoU', share(report.miou)],
    ['DSC', share(report.dsc)],
    ['accuracy', share(report.accuracy)],
    ['sensitivity', share(report.sensitivity)],
    ['specificity', share(report.specificity)],
    ['DSC by image', `mean ${share(report.meanDsc)}, median ${share(report.medianDsc)}`],
    ['worst', worst.map(({ name, dsc }) => `${name} ${share(dsc)}`).join(', ')],
    ...(report.classes ?? []).map(classField),
    [
      'pixels',
      Object.entries(confusion)
        .map(([key, value]) => `${key} ${count(value)}`)
        .join(', '),
    ],
    ['ran on', report.provider],
    ['prepared', recipeSummary(recipe)],
    ...assumedLines(report.assumed),
  ]);
}

function classField({ label, background, dsc, miou }: ClassMetrics): [string, string] {
  const aside = background ? ' (background, not in the means above)' : '';
  return [`class ${label}`, `DSC ${dsc.toFixed(4)}, IoU ${miou.toFixed(4)}${aside}`];
}
