import { type Command, Option } from 'commander';
import { HEADS } from '../../../exporters/assembly/head.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/nmode.js';
import { SOLVER_IDS, type SolverId } from '../../../exporters/decoders/solvers.js';
import type { Settings } from '../../../exporters/nn/settings.js';
import type { Background, Recipe } from '../../../graph/common/recipe.js';
import type { GraftOptions, GraftReport } from '../../index.js';
import { bytesText, count, macsText } from '../../reports/figures.js';
import { addCheckpointFlags, type CheckpointFlags, checkpointOptions } from '../flags/checkpoint-flags.js';
import { addSolverFlags, type DecoderFlags, decoderOption, decoderOptions } from '../flags/decoder-flags.js';
import { backgroundOption } from '../flags/model-flags.js';
import { recipeOption } from '../flags/recipe-flags.js';
import { addReferenceFlags, type ReferenceFlags, referenceOptions } from '../flags/reference-flags.js';
import { addSettingFlags, settingOptions } from '../flags/setting-flags.js';
import {
  addTransformFlags,
  type TransformFlags,
  transformFields,
  transformOptions,
} from '../flags/transform-flags.js';
import { interruptible } from '../interruption.js';
import { assumedFields } from '../output/assumed-fields.js';
import { fields, print, printJson, shapeLine } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { verifiedFields } from '../output/verified-fields.js';

interface Flags extends TransformFlags, DecoderFlags<SolverId>, Settings, ReferenceFlags, CheckpointFlags {
  readonly output: string;
  readonly skips: readonly string[];
  readonly weights?: string;
  readonly init?: true;
  readonly recipe?: Partial<Recipe>;
  readonly background?: Background;
  readonly json?: true;
}

export function addGraft(program: Command): void {
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
        'key',
        'prefix',
        'ignore',
      ]),
    )
    .addOption(decoderOption(SOLVER_IDS))
    .addOption(
      new Option('--activation <activation>', 'between solver steps (with --init: gelu)').choices(
        ACTIVATION_NAMES,
      ),
    );
  addSolverFlags(command)
    .addOption(
      new Option(
        '--head <head>',
        'what the model ends in (default: sigmoid for one class; needed for several)',
      ).choices(HEADS),
    )
    .addOption(recipeOption("the model's own, if it says"))
    .addOption(backgroundOption());
  addReferenceFlags(addSettingFlags(command), 'the model');
  addTransformFlags(addCheckpointFlags(command), 'none')
    .option('--json', 'print one JSON document')
    .action(async (model: string, flags: Flags) => {
      const { graft } = await import('../../api/graft.js');
      const report = await withProgress('layers', (onProgress) =>
        interruptible((signal) => graft({ ...toOptions(model, flags), signal, onProgress })),
      );
      if (flags.json) printJson(report);
      else print(reportText(report));
    });
}

function toOptions(model: string, flags: Flags): GraftOptions {
  const { output, skips, weights, init, recipe, background } = flags;
  return {
    model,
    output,
    skips,
    ...(weights && { weights }),
    ...(init && { init }),
    ...decoderOptions(flags),
    ...checkpointOptions(flags),
    ...(recipe && { recipe }),
    ...(background !== undefined && { background }),
    ...settingOptions(flags),
    ...referenceOptions(flags),
    ...transformOptions(flags),
  };
}

function reportText(report: GraftReport): string {
  const { skips, macs } = report;
  const work = macs === undefined ? '' : `, ${macsText(macs)} multiply-adds at ${shapeLine(report.macsAt)}`;
  return fields([
    ['decoder', `${report.decoder}, ${skips.length} steps`],
    ...skips.map(
      ({ tensor, channels, scale }) => ['skip', `${tensor}: ${channels} channels, 1/${scale}`] as const,
    ),
    ['input', `${shapeLine(report.input)} (H and W multiples of ${report.sizeMultiple})`],
    ['cost', `${count(report.parameters)} parameters${work}`],
    ...assumedFields(report),
    ...verifiedFields(report),
    ...transformFields(report),
    ...report.notes.map((note) => ['note', note] as const),
    [
      'written',
      `${report.output}: ${bytesText(report.bytes)}, ${report.nodes} nodes (were ${report.nodesBefore}), opset ${report.opset}`,
    ],
  ]);
}
