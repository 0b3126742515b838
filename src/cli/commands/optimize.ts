import type { Command } from 'commander';
import { recipeSummary } from '../../../graph/common/recipe.js';
import type { OptimizeModelOptions, OptimizeReport } from '../../api/optimize.js';
import { bytesText } from '../../reports/figures.js';
import { parseOutput } from '../flags/arguments.js';
import { addModelFlags } from '../flags/model-flags.js';
import { optionsOf } from '../flags/options.js';
import { addTransformFlags, type TransformFlags, transformFields } from '../flags/transform-flags.js';
import { assumedField } from '../output/assumed-field.js';
import { fields, printReport } from '../output/print.js';
import { withProgress } from '../output/progress.js';

interface Flags
  extends Omit<OptimizeModelOptions, 'model' | 'level' | 'signal' | 'onProgress'>,
    Pick<TransformFlags, 'optimize'> {
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
      const { optimizeModel } = await import('../../api/optimize.js');
      const options = { ...optionsOf(flags), model };
      const report = await withProgress('layers', (watching) => optimizeModel({ ...options, ...watching }));
      printReport(report, flags.json, reportText);
    });
}

function reportText(report: OptimizeReport): string {
  const { output, bytes, bytesBefore, nodes, nodesBefore, prepared, assumed } = report;
  return fields([
    ['images', prepared && preparedText(prepared)],
    ...transformFields(report),
    assumedField(assumed),
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
