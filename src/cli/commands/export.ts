import { type Command, Option } from 'commander';
import { DECODER_IDS, type DecoderId } from '../../../exporters/assembly/describe.js';
import { HEADS } from '../../../exporters/assembly/head.js';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/nmode.js';
import type { Settings } from '../../../exporters/nn/settings.js';
import {
  type Background,
  MODEL_IOS,
  type ModelIo,
  parseRecipe,
  RECIPE_KEY,
  RELEASE_SIDE,
  type Recipe,
  recipeSummary,
} from '../../../graph/common/recipe.js';
import { IR_OF_OPSET } from '../../../graph/rewriting/assemble.js';
import type { ExportModelOptions, ExportReport } from '../../index.js';
import { bytesText, count, macsText } from '../../reports/figures.js';
import { parseCount, parseOutput, parseSize } from '../flags/arguments.js';
import { addCheckpointFlags, type CheckpointFlags, checkpointOptions } from '../flags/checkpoint-flags.js';
import { addSolverFlags, type DecoderFlags, decoderOption, decoderOptions } from '../flags/decoder-flags.js';
import { backgroundOption } from '../flags/model-flags.js';
import { recipeOption } from '../flags/recipe-flags.js';
import { addReferenceFlags, type ReferenceFlags, referenceOptions } from '../flags/reference-flags.js';
import { addBackboneFlags, addSettingFlags, settingOptions } from '../flags/setting-flags.js';
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

interface Flags extends TransformFlags, DecoderFlags<DecoderId>, Settings, ReferenceFlags, CheckpointFlags {
  readonly output: string;
  readonly backbone?: string;
  readonly size?: { height: number; width: number };
  readonly dynamic?: true;
  readonly batch?: number;
  readonly opset?: string;
  readonly io?: ModelIo;
  readonly recipe?: Partial<Recipe>;
  readonly background?: Background;
  readonly nativeSize?: true;
  readonly json?: true;
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description('export a trained checkpoint to ONNX')
    .argument('<checkpoint>', 'a .pth, .pt or .safetensors file')
    .requiredOption('-o, --output <model.onnx>', 'the file to write', parseOutput)
    .addOption(decoderOption(DECODER_IDS))
    .addOption(
      new Option(
        '--activation <activation>',
        'between solver steps; needed but for the original decoder',
      ).choices(ACTIVATION_NAMES),
    )
    .addOption(
      new Option('--backbone <backbone>', 'what the network is; by default its keys tell').choices(
        BACKBONE_IDS,
      ),
    )
    .addOption(
      new Option(
        '--head <head>',
        'what the model ends in (default: sigmoid for one class; needed for several)',
      ).choices(HEADS),
    );
  addCheckpointFlags(command)
    .option('--size <HxW>', 'input height and width (default: 256x256)', parseSize)
    .addOption(new Option('--dynamic', 'leave batch, height and width open').conflicts(['size', 'batch']))
    .addOption(
      new Option(
        '--io <form>',
        'what the model takes: prepared pixels, or images of any size as they are (default: tensor)',
      ).choices(MODEL_IOS),
    )
    .addOption(recipeOption('the release'))
    .addOption(backgroundOption())
    .addOption(
      new Option('--native-size', 'images keep their own size, padded, instead of being resized').conflicts([
        'size',
        'batch',
      ]),
    )
    .option('--batch <n>', 'images at a time (default: 1)', parseCount)
    .addOption(
      new Option('--opset <n>', 'ONNX opset (default: 17)').choices([...IR_OF_OPSET.keys()].map(String)),
    );
  addSettingFlags(addBackboneFlags(addSolverFlags(command)));
  addReferenceFlags(command, 'the model, before any lower precision,');
  addTransformFlags(command)
    .option('--json', 'print one JSON document')
    .action(async (checkpoint: string, flags: Flags) => {
      const { exportModel } = await import('../../api/export.js');
      const report = await withProgress('layers', (onProgress) =>
        interruptible((signal) => exportModel({ ...toOptions(checkpoint, flags), signal, onProgress })),
      );
      if (flags.json) printJson(report);
      else print(reportText(report));
    });
}

function toOptions(checkpoint: string, flags: Flags): ExportModelOptions {
  const { output, backbone, opset, io, recipe, background, nativeSize } = flags;
  return {
    checkpoint,
    output,
    ...sizeOption(flags),
    ...(backbone && { backbone }),
    ...decoderOptions(flags),
    ...transformOptions(flags),
    ...(io && { io }),
    ...(recipe && { recipe }),
    ...(background !== undefined && { background }),
    ...(nativeSize && { nativeSize }),
    ...(opset && { opset: Number(opset) }),
    ...settingOptions(flags),
    ...referenceOptions(flags),
    ...checkpointOptions(flags),
  };
}

/** Nothing where no flag speaks of the size: the recipe tells it, or it is the release's. */
function sizeOption({ dynamic, nativeSize, size, batch }: Flags): Pick<ExportModelOptions, 'size'> {
  if (dynamic || nativeSize) return { size: {} };
  if (size === undefined && batch === undefined) return {};
  return { size: { batch: batch ?? 1, height: RELEASE_SIDE, width: RELEASE_SIDE, ...size } };
}

function reportText(report: ExportReport): string {
  const detail = Object.entries(report.architecture)
    .map(([key, value]) => [key.replace(/^nmode\./, ''), value] as const)
    .filter(
      ([key]) =>
        !key.startsWith('source') &&
        ![
          'backbone',
          'decoder',
          'size_multiple',
          'io',
          'recipe',
          'optimized',
          'assumed',
          'verified',
        ].includes(key),
    )
    .map(([key, value]) => `${key.replaceAll('_', ' ')} ${value}`);
  return fields([
    ['network', `${report.backbone}, decoder ${report.decoder} (${detail.join('; ')})`],
    ...recipeFields(report),
    [
      'input',
      `${report.io === 'image' ? 'uint8' : 'float32'} ${shapeLine(report.input)}${multipleText(report)}`,
    ],
    [
      'cost',
      `${count(report.parameters)} parameters, ${macsText(report.macs)} multiply-adds at ${shapeLine(report.macsAt)}`,
    ],
    ...assumedFields(report),
    ...verifiedFields(report),
    ...transformFields(report),
    ...report.notes.map((note) => ['note', note] as const),
    ['written', `${report.output}: ${bytesText(report.bytes)}, ${report.nodes} nodes, opset ${report.opset}`],
  ]);
}

/** How images are prepared, and whether anybody said so. */
function recipeFields({ architecture, assumed }: ExportReport): [string, string][] {
  const recipe = architecture[RECIPE_KEY];
  if (recipe === undefined) return [];
  const isAssumed = assumed.some(({ option }) => option === 'recipe');
  return [['recipe', `${recipeSummary(parseRecipe(recipe))}${isAssumed ? ' (assumed: --recipe)' : ''}`]];
}

function multipleText({ io, input, sizeMultiple }: ExportReport): string {
  const open = io === 'tensor' && input.some((dim) => typeof dim === 'string');
  return open && sizeMultiple > 1 ? ` (H and W multiples of ${sizeMultiple})` : '';
}
