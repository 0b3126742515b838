import { type Command, Option } from 'commander';
import { SOLVER_IDS } from '../../../exporters/decoders/solvers.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/variant.js';
import type { GraftOptions, GraftReport } from '../../index.js';
import { bytesText } from '../../reports/figures.js';
import { parseNames } from '../flags/arguments.js';
import { addCheckpointFlags, CHECKPOINT_FLAGS } from '../flags/checkpoint-flags.js';
import { addSolverFlags, decoderOption, headOption, withSolverOptions } from '../flags/decoder-flags.js';
import type { InFlags } from '../flags/flag-words.js';
import { addImageFlags } from '../flags/model-flags.js';
import { choice, type FlagsOf, optionsOf } from '../flags/options.js';
import { addSettingFlags } from '../flags/setting-flags.js';
import { addReferenceFlags, addTransformFlags } from '../flags/transform-flags.js';
import { warn } from '../output/notes.js';
import { fields, printReport, shapeLine } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { proofFields } from '../output/proof-fields.js';

export function addGraft(program: Command, inFlags: InFlags): void {
  const command = program
    .command('graft')
    .description('replace the decoder of any .onnx model by an nmODE decoder on the given tensors')
    .argument('<encoder.onnx>', 'a model of any exporter with one image input [N, C, H, W]')
    .requiredOption(
      '--skips <names>',
      'the tensors for the solver steps, shallow to deep, separated by commas; inspect --skips proposes some',
      parseNames,
    )
    .requiredOption('-o, --output <model.onnx>', 'output file')
    .option(
      '--weights <file>',
      "a .pth, .pt or .safetensors file with the decoder's weights; other keys are ignored",
    )
    .addOption(
      new Option('--init', 'initial weights instead of trained ones, for shapes and speed only').conflicts([
        'weights',
        ...CHECKPOINT_FLAGS,
      ]),
    )
    .addOption(decoderOption(SOLVER_IDS))
    .addOption(
      choice(
        '--activation <activation>',
        'activation between solver steps (default with --init: gelu; for ABM: none)',
        ACTIVATION_NAMES,
      ),
    );
  addImageFlags(addSolverFlags(command).addOption(headOption()), "the model's own", 'none');
  addReferenceFlags(addSettingFlags(command), 'the model');
  addTransformFlags(addCheckpointFlags(command), 'none')
    .option('--json', 'print one JSON document')
    .action(async (model: string, flags: FlagsOf<GraftOptions, 'model'>) => {
      const { graft } = await import('../../api/graft.js');
      const options = { ...withSolverOptions(optionsOf(flags)), model };
      const report = await withProgress('images', (watching) => graft({ ...options, ...watching }));
      const notes = await Promise.all(report.notes.map(inFlags));
      printReport<'graft'>({ ...report, notes }, flags.json, reportText);
      report.warnings.forEach(warn);
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
