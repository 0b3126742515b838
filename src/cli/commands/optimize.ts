import type { Command } from 'commander';
import { recipeSummary } from '../../../graph/common/recipe.js';
import type { OptimizeReport } from '../../api/optimize.js';
import { bytesText } from '../../reports/figures.js';
import { parseOutput } from '../flags/arguments.js';
import { addModelFlags, assumedLines, type ModelFlags, modelOptions } from '../flags/model-flags.js';
import {
  addTransformFlags,
  type TransformFlags,
  transformFields,
  transformOptions,
} from '../flags/transform-flags.js';
import { interruptible } from '../interruption.js';
import { fields, print, printJson } from '../output/print.js';
import { withProgress } from '../output/progress.js';

interface Flags extends TransformFlags, ModelFlags {
  readonly output: string;
  readonly json?: true;
}

export function addOptimize(program: Command): void {
  const command = program
    .command('optimize')
    .description('rewrite an .onnx file to run faster or to be smaller, and compare the two on images')
    .argument('<model.onnx>', 'a model of this package, or of another exporter')
    .requiredOption('-o, --output <out.onnx>', 'the file to write', parseOutput);
  addModelFlags(addTransformFlags(command), 'written behind the logits that the model ends in')
    .option('--json', 'print one JSON document')
    .action(async (model: string, flags: Flags) => {
      const { output, json } = flags;
      const { optimizeModel } = await import('../../api/optimize.js');
      const report = await withProgress('layers', (onProgress) =>
        interruptible((signal) =>
          optimizeModel({
            ...transformOptions(flags),
            ...modelOptions(flags),
            model,
            output,
            signal,
            onProgress,
          }),
        ),
      );
      if (json) printJson(report);
      else print(reportText(report));
    });
}

function reportText(report: OptimizeReport): string {
  const { output, bytes, bytesBefore, nodes, nodesBefore, prepared, assumed } = report;
  return fields([
    ...(prepared ? [['images', preparedText(prepared)] as const] : []),
    ...transformFields(report),
    ...assumedLines(assumed),
    [
      'written',
      `${output}: ${bytesText(bytes)} (was ${bytesText(bytesBefore)}), ${nodes} nodes (were ${nodesBefore})`,
    ],
  ]);
}

function preparedText({ recipe, from }: NonNullable<OptimizeReport['prepared']>): string {
  const who = {
    options: 'by --recipe, and written into the model',
    model: 'by the model',
    release: 'assumed: the model does not say it',
  };
  return `${recipeSummary(recipe)}; ${who[from]}`;
}
