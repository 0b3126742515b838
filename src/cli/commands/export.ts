import { type Command, Option } from 'commander';
import { DECODER_IDS } from '../../../exporters/assembly/describe.js';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import { ACTIVATION_NAMES } from '../../../exporters/decoders/variant.js';
import { assumptionsText, OF_PREPARATION } from '../../../graph/recipe/assumption.js';
import { CLASS_NAMES_KEY, parseClassNames } from '../../../graph/recipe/class-names.js';
import {
  APPLIED_HEAD_KEY,
  HEAD_KEY,
  MODEL_IOS,
  parseRecipe,
  RECIPE_KEY,
  RELEASE_SIDE,
  recipeSummary,
} from '../../../graph/recipe/recipe.js';
import { OPSETS } from '../../../graph/rewriting/assemble.js';
import type { ExportModelOptions, ExportReport } from '../../index.js';
import { bytesText } from '../../reports/figures.js';
import { parseCount, parseFolds, parseOutput, parseSpace } from '../flags/arguments.js';
import { addCheckpointFlags } from '../flags/checkpoint-flags.js';
import { addSolverFlags, decoderOption, headOption, withSolverOptions } from '../flags/decoder-flags.js';
import { flagOf, type InFlags } from '../flags/flag-words.js';
import { addImageFlags } from '../flags/model-flags.js';
import { choice, type FlagsOf, optionsOf } from '../flags/options.js';
import { addBackboneFlags, addSettingFlags, backboneArgumentsOption } from '../flags/setting-flags.js';
import { addReferenceFlags, addTransformFlags } from '../flags/transform-flags.js';
import { warn } from '../output/notes.js';
import { fields, printReport, shapeLine } from '../output/print.js';
import { withProgress } from '../output/progress.js';
import { proofFields } from '../output/proof-fields.js';

interface Flags extends FlagsOf<ExportModelOptions, 'checkpoint' | 'opset' | 'size' | 'imageBits'> {
  readonly size?: { depth?: number; height: number; width: number };
  readonly dynamic?: true;
  readonly batch?: number;
  readonly opset?: string;
  readonly imageBits?: '8' | '16';
}

export function addExport(program: Command, inFlags: InFlags): void {
  const command = program
    .command('export')
    .description('export a trained checkpoint to ONNX')
    .argument(
      '<checkpoint>',
      'a .pth, .pt, .ts or .safetensors file, or a folder: one written by save_pretrained, a MONAI bundle, or results of nnU-Net',
    )
    .requiredOption('-o, --output <model.onnx>', 'output file', parseOutput)
    .addOption(decoderOption(DECODER_IDS))
    .addOption(
      choice(
        '--activation <activation>',
        'activation between solver steps; required except for the original decoder and ABM',
        ACTIVATION_NAMES,
      ),
    )
    .addOption(choice('--backbone <backbone>', 'the network (default: recognised by its keys)', BACKBONE_IDS))
    .addOption(backboneArgumentsOption())
    .option(
      '--assume <id>',
      'which network to assume when only its structure is known: an id that inspect prints',
    )
    .addOption(headOption())
    .option('--folds <n,...>', 'folds to average, of a folder of nnU-Net results (default: all)', parseFolds);
  addCheckpointFlags(command)
    .option(
      '--size <[Dx]HxW>',
      "input height and width (default: the network's own, or 256x256); for volumes, depth, height and width (default: the network's own, or 64x64x64)",
      parseSpace,
    )
    .addOption(new Option('--dynamic', 'leave batch, height and width open').conflicts(['size', 'batch']))
    .addOption(
      choice(
        '--io <form>',
        'model input: preprocessed tensors, or raw images of any size (default: tensor)',
        MODEL_IOS,
      ),
    )
    .addOption(
      choice(
        '--image-bits <n>',
        'with --io image: bits per sample (default: 16 where the recipe depends on stored values, else 8)',
        ['8', '16'],
      ),
    );
  const recipe = "the network's own, or the release's, reported as assumed";
  addImageFlags(command, recipe, 'those in the checkpoint')
    .addOption(
      new Option('--native-size', 'pad images to a valid size instead of resizing them').conflicts([
        'size',
        'batch',
      ]),
    )
    .option('--batch <n>', 'batch size (default: 1)', parseCount)
    .addOption(choice('--opset <n>', 'ONNX opset (default: 17)', OPSETS.map(String)));
  addSettingFlags(addBackboneFlags(addSolverFlags(command)));
  addReferenceFlags(command, 'the model (before --precision)');
  addTransformFlags(command)
    .option('--json', 'print one JSON document')
    .action(async (checkpoint: string, flags: Flags) => {
      const { exportModel } = await import('../../api/export.js');
      const { dynamic, batch, size, opset, imageBits, ...others } = flags;
      const options = {
        ...withSolverOptions(optionsOf(others)),
        ...sizeOption(flags),
        ...(opset && { opset: Number(opset) }),
        ...(imageBits && { imageBits: imageBits === '8' ? (8 as const) : (16 as const) }),
        checkpoint,
      };
      const report = await withProgress('images', (watching) => exportModel({ ...options, ...watching }));
      const notes = await Promise.all(report.notes.map(inFlags));
      printReport<'export'>({ ...report, notes }, flags.json, reportText);
      report.warnings.forEach(warn);
    });
}

/** Nothing where no flag speaks of the size: the recipe tells it, or it is the release's. */
function sizeOption({ dynamic, nativeSize, size, batch }: Flags): Pick<ExportModelOptions, 'size'> {
  if (dynamic || nativeSize) return { size: {} };
  if (size === undefined && batch === undefined) return {};
  return { size: { batch: batch ?? 1, height: RELEASE_SIDE, width: RELEASE_SIDE, ...size } };
}

/** Metadata that another line tells, or that people do not read. */
const HIDDEN = [
  ...['backbone', 'decoder', 'size_multiple', 'class_names', 'io', 'recipe'],
  ...['optimized', 'assumed', 'verified', 'applied_head', 'bytes_per_pixel'],
];

function reportText(report: ExportReport): string {
  const detail = Object.entries(report.architecture)
    .map(([key, value]) => [key.replace(/^nmode\./, ''), value] as const)
    .filter(([key]) => !key.startsWith('source') && !HIDDEN.includes(key))
    .map(([key, value]) => `${key.replaceAll('_', ' ')} ${key === 'head' ? headText(report) : value}`);
  return fields([
    ['network', `${report.backbone}, decoder ${report.decoder} (${detail.join('; ')})`],
    ['classes', classesText(report)],
    ['recipe', recipeText(report)],
    [
      'input',
      `${report.io === 'image' ? `uint${report.imageBits}` : 'float32'} ${shapeLine(report.input)}${multipleText(report)}`,
    ],
    ...proofFields(report),
    ['written', `${report.output}: ${bytesText(report.bytes)}, ${report.nodes} nodes, opset ${report.opset}`],
  ]);
}

/** What logits go through to become probabilities. */
function headText({ architecture }: ExportReport): string | undefined {
  const applied = architecture[APPLIED_HEAD_KEY];
  return applied === undefined
    ? architecture[HEAD_KEY]
    : `${applied} (outside the graph, which returns logits)`;
}

/** What the classes are called, where anybody says. */
function classesText({ architecture }: ExportReport): string | undefined {
  const names = architecture[CLASS_NAMES_KEY];
  return names && parseClassNames(names, true).join(', ');
}

/** How images are prepared, and whether anybody said so. */
function recipeText({ architecture, assumed }: ExportReport): string | undefined {
  const recipe = architecture[RECIPE_KEY];
  const [taken, size] = OF_PREPARATION.map((subject) => assumed.find(({ what }) => what === subject));
  const text = taken ? `${taken.value} (assumed: --recipe)` : recipe && recipeSummary(parseRecipe(recipe));
  return size ? `${text}; assumed ${assumptionsText([size], flagOf)}` : text;
}

function multipleText({ io, input, sizeMultiple }: ExportReport): string {
  const open = io === 'tensor' && input.some((dim) => typeof dim === 'string');
  return open && sizeMultiple > 1 ? ` (H and W multiples of ${sizeMultiple})` : '';
}
