import { type Command, Option } from 'commander';
import { NmodeError } from '../../graph/errors.js';
import type { Recipe } from '../../graph/recipe.js';
import type { EvaluationReport } from '../evaluate.js';
import { addCleaningFlags, type CleaningFlags } from './cleaning-flags.js';
import { interruption } from './interruption.js';
import { count, fields, print, printJson } from './print.js';
import { withProgress } from './progress.js';
import { memoryBudgetOption, recipeOption } from './recipe-flags.js';
import { addSessionFlags, noteFallback, type SessionFlags, sessionOptions } from './session-flags.js';
import { noteTiles } from './tiles-note.js';

interface Flags extends SessionFlags, CleaningFlags {
  readonly images: string;
  readonly masks: string;
  readonly at: 'network' | 'image';
  readonly recipe?: Partial<Recipe>;
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
    .requiredOption('--masks <folder>', 'their masks, NAME.png, NAME_mask.png or NAME_segmentation.png')
    .addOption(
      new Option('--at <size>', "count at the network's input size, as the release does, or each image's own")
        .choices(['network', 'image'])
        .default('network'),
    )
    .addOption(recipeOption("the model's own"))
    .addOption(memoryBudgetOption())
    .option('--report <file.html>', 'also write a report with pictures of the worst images')
    .option('--json', 'print one JSON document');
  addSessionFlags(addCleaningFlags(command)).action(async (model: string, flags: Flags) => {
    const { json, provider, strict, threads, ...options } = flags;
    const { evaluate } = await import('../evaluate.js');
    const session = sessionOptions(flags);
    const report = await withProgress('images', (onProgress) =>
      evaluate({ ...options, ...session, model, signal: interruption(), onProgress }),
    );
    if (json) printJson(report);
    else print(reportText(report));
    noteFallback(report.session);
    for (const { name, tiling } of report.tiled) noteTiles(name, tiling);
    const { failures, images } = report;
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
  return fields([
    ['images', `${report.images}, counted at ${resized ? "the network's input size" : 'their own size'}`],
    ['mIoU', share(report.miou)],
    ['DSC', share(report.dsc)],
    ['accuracy', share(report.accuracy)],
    ['sensitivity', share(report.sensitivity)],
    ['specificity', share(report.specificity)],
    ['DSC by image', `mean ${share(report.meanDsc)}, median ${share(report.medianDsc)}`],
    ['worst', worst.map(({ name, dsc }) => `${name} ${share(dsc)}`).join(', ')],
    [
      'pixels',
      Object.entries(confusion)
        .map(([key, value]) => `${key} ${count(value)}`)
        .join(', '),
    ],
    ['ran on', report.provider],
  ]);
}
