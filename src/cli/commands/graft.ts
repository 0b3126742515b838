import { type Command, Option } from 'commander';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/variant.js';
import type { GraftOptions, GraftReport } from '../../index.js';
import { bytesText } from '../../reports/figures.js';
import { addCheckpointFlags, CHECKPOINT_FLAGS } from '../flags/checkpoint-flags.js';
import { addSolverFlags, decoderOption, headOption, withSolverOptions } from '../flags/decoder-flags.js';
import type { InFlags } from '../flags/flag-words.js';
import { backgroundOption, classesOption } from '../flags/model-flags.js';
import { choice, optionsOf } from '../flags/options.js';
import { greyOption, recipeOption, windowOption } from '../flags/recipe-flags.js';
import { addReferenceFlags } from '../flags/reference-flags.js';
import { addSettingFlags } from '../flags/setting-flags.js';
import { addTransformFlags, type TransformFlags } from '../flags/transform-flags.js';
import { fields, printReport, shapeLine } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { proofFields } from '../output/proof-fields.js';

interface Flags
  extends Omit<GraftOptions, 'model' | 'level' | 'signal' | 'onProgress'>,
    Pick<TransformFlags, 'optimize'> {
  readonly json?: true;
}

export function addGraft(program: Command, inFlags: InFlags): void {
  const command = program
    .command('graft')
    .description('put an nmODE decoder on tensors of any .onnx model, in place of its own')
    .argument('<encoder.onnx>', 'a model of any exporter that takes one image [N, C, H, W]')
    .requiredOption(
      '--skips <names>',
      'the tensors that the steps take, shallow to deep, with commas between; inspect --skips proposes some',
      (text: string) => text.split(',').map((name) => name.trim()),
    )
    .requiredOption('-o, --output <model.onnx>', 'the file to write')
    .option(
      '--weights <file>',
      "a .pth, .pt or .safetensors file with the decoder's weights; others in it are left aside",
    )
    .addOption(
      new Option('--init', 'weights that a training begins with, for shapes and speed alone').conflicts([
        'weights',
        ...CHECKPOINT_FLAGS,
      ]),
    )
    .addOption(decoderOption(SOLVER_IDS))
    .addOption(
      choice(
        '--activation <activation>',
        'between solver steps (with --init: gelu; of ABM: none)',
        ACTIVATION_NAMES,
      ),
    );
  addSolverFlags(command)
    .addOption(headOption())
    .addOption(recipeOption("the model's own, if it says"))
    .addOption(windowOption())
    .addOption(greyOption())
    .addOption(backgroundOption())
    .addOption(classesOption('none'));
  addReferenceFlags(addSettingFlags(command), 'the model');
  addTransformFlags(addCheckpointFlags(command), 'none')
    .option('--json', 'print one JSON document')
    .action(async (model: string, flags: Flags) => {
      const { graft } = await import('../../api/graft.js');
      const options = { ...withSolverOptions(optionsOf(flags)), model };
      const report = await withProgress('images', (watching) => graft({ ...options, ...watching }));
      const notes = await Promise.all(report.notes.map(inFlags));
      printReport({ ...report, notes }, flags.json, reportText);
    });
}

function reportText(report: GraftReport): string {
  const { skips } = report;
  return fields([
    ['decoder', `${report.decoder}, ${skips.length} steps`],
    ...skips.map(
      ({ tensor, channels, scale }) => ['skip', `${tensor}: ${channels} channels, 1/${scale}`] as const,
    ),
    ['input', `${shapeLine(report.input)} (H and W multiples of ${report.sizeMultiple})`],
    ...proofFields(report),
    [
      'written',
      `${report.output}: ${bytesText(report.bytes)}, ${report.nodes} nodes (were ${report.nodesBefore}), opset ${report.opset}`,
    ],
  ]);
}
