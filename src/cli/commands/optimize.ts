import type { Command } from 'commander';
import { recipeSummary } from '../../../graph/recipe/recipe.js';
import { IR_OF_OPSET } from '../../../graph/rewriting/assemble.js';
import type { OptimizeModelOptions, OptimizeReport } from '../../api/optimize.js';
import { bytesText } from '../../reports/figures.js';
import { parseOutput } from '../flags/arguments.js';
import { addModelFlags } from '../flags/model-flags.js';
import { choice, type FlagsOf, optionsOf } from '../flags/options.js';
import { addTransformFlags } from '../flags/transform-flags.js';
import { assumedField } from '../output/fields.js';
import { warn } from '../output/notes.js';
import { fields, printReport } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { transformFields } from '../output/proof-fields.js';

interface Flags extends FlagsOf<OptimizeModelOptions, 'model' | 'opset'> {
  readonly opset?: string;
  readonly why?: true;
}

export function addOptimize(program: Command): void {
  const command = program
    .command('optimize')
    .description(
      'rewrite an .onnx model to run faster or to be smaller, and compare it with the original on images',
    )
    .argument('<model.onnx>', 'a model of this package or of another exporter')
    .requiredOption('-o, --output <out.onnx>', 'output file', parseOutput);
  addTransformFlags(command)
    .addOption(
      choice(
        '--opset <n>',
        'a later opset to convert the model to (default: 13 for an older model)',
        [...IR_OF_OPSET.keys()].map(String),
      ),
    )
    .option('--freeze', 'treat weights that are also inputs as constants');
  addModelFlags(command, 'head to append to a model that returns logits')
    .option(
      '--why',
      'list nodes whose type cannot be inferred, and the nodes that rules skip because of them',
    )
    .option('--json', 'print one JSON document')
    .action(async (model: string, { opset, why, ...flags }: Flags) => {
      const { optimizeModel } = await import('../../api/optimize.js');
      const options = { ...optionsOf(flags), ...(opset && { opset: Number(opset) }), model };
      const report = await withProgress('images', (watching) => optimizeModel({ ...options, ...watching }));
      printReport<'optimize'>(report, flags.json, (it) => reportText(it, why));
      report.warnings.forEach(warn);
    });
}

function reportText(report: OptimizeReport, why?: true): string {
  const { output, bytes, bytesBefore, nodes, nodesBefore, prepared, assumed } = report;
  return fields([
    ['images', prepared && preparedText(prepared)],
    ['lifted', liftedText(report)],
    ['branches', !report.branches ? undefined : `${report.branches} that are always taken replace their If`],
    ['functions', report.calls === undefined ? undefined : `${report.calls} calls inlined`],
    ['weights', weightsText(report)],
    ...transformFields(report, why),
    assumedField(assumed),
    [
      'written',
      `${output}: ${bytesText(bytes)} (was ${bytesText(bytesBefore)}), ${nodes} nodes (were ${nodesBefore})`,
    ],
  ]);
}

function liftedText({ opset, opsetBefore, unlifted }: OptimizeReport): string | undefined {
  if (unlifted !== undefined) return `no, so most rules do not apply: ${unlifted}`;
  return opset === opsetBefore ? undefined : `from opset ${opsetBefore} to ${opset}`;
}

function weightsText({ frozen, replaceable }: OptimizeReport): string | undefined {
  if (frozen !== undefined) return `${frozen} that were also inputs are constants now`;
  if (replaceable === undefined) return undefined;
  return `${replaceable} are also inputs and stay unchanged, since they may be overridden: --freeze treats them as constants`;
}

function preparedText({ recipe, from }: NonNullable<OptimizeReport['prepared']>): string {
  const who = {
    options: 'from --recipe, written into the model',
    model: 'from the model',
    release: 'assumed, since the model has no recipe (--recipe)',
  };
  return `${recipeSummary(recipe)}; ${who[from]}`;
}
