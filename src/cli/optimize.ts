import type { Command } from 'commander';
import { type Recipe, recipeSummary } from '../../graph/recipe.js';
import type { OptimizeReport } from '../optimize.js';
import { parseOutput } from './arguments.js';
import { interruption } from './interruption.js';
import { bytesText, fields, print, printJson } from './print.js';
import { withProgress } from './progress.js';
import { recipeOption } from './recipe-flags.js';
import {
  addTransformFlags,
  type TransformFlags,
  transformFields,
  transformOptions,
} from './transform-flags.js';

interface Flags extends TransformFlags {
  readonly output: string;
  readonly recipe?: Partial<Recipe>;
  readonly json?: true;
}

export function addOptimize(program: Command): void {
  const command = program
    .command('optimize')
    .description('rewrite an .onnx file to run faster or to be smaller, and compare the two on images')
    .argument('<model.onnx>', 'a model of this package, or of another exporter')
    .requiredOption('-o, --output <out.onnx>', 'the file to write', parseOutput);
  addTransformFlags(command)
    .addOption(recipeOption("the model's own, or the release's"))
    .option('--json', 'print one JSON document')
    .action(async (model: string, flags: Flags) => {
      const { output, recipe, json } = flags;
      const { optimizeModel } = await import('../optimize.js');
      const report = await withProgress('layers', (onProgress) =>
        optimizeModel({
          ...transformOptions(flags),
          ...(recipe && { recipe }),
          model,
          output,
          signal: interruption(),
          onProgress,
        }),
      );
      if (json) printJson(report);
      else print(reportText(report));
    });
}

function reportText(report: OptimizeReport): string {
  const { output, bytes, bytesBefore, nodes, nodesBefore, prepared } = report;
  return fields([
    ...(prepared ? [['images', preparedText(prepared)] as const] : []),
    ...transformFields(report),
    [
      'written',
      `${output}: ${bytesText(bytes)} (was ${bytesText(bytesBefore)}), ${nodes} nodes (were ${nodesBefore})`,
    ],
  ]);
}

function preparedText({ recipe, from }: NonNullable<OptimizeReport['prepared']>): string {
  const who = {
    options: 'as --recipe tells',
    model: 'as the model tells',
    release: 'as for the release, since the model does not tell (--recipe does)',
  };
  return `${recipeSummary(recipe)}; ${who[from]}`;
}
