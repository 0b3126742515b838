import { type Command, Option } from 'commander';
import { VERIFIED_KEY } from '../../../exporters/assembly/assumptions.js';
import { badUsage } from '../../../graph/common/errors.js';
import { ASSUMED_KEY, assumptionsText } from '../../../graph/recipe/assumption.js';
import type { CheckpointReport, ModelReport, PortReport, SkipsReport } from '../../index.js';
import { bytesText } from '../../reports/figures.js';
import { OPTIMIZED_KEY } from '../../transform/optimization-metadata.js';
import { addCheckpointFlags, CHECKPOINT_FLAGS, type CheckpointFlags } from '../flags/checkpoint-flags.js';
import { flagOf, type InFlags } from '../flags/flag-words.js';
import { type FlagsOf, optionsOf } from '../flags/options.js';
import { assumedField, assumedNetworkField, costField, untypedFields } from '../output/fields.js';
import { type Field, fields, paragraph, printReport, shapeLine, table } from '../output/print.js';
import { withClock } from '../output/progress.js';
import { tensorTable } from '../output/tensor-table.js';

interface Flags extends FlagsOf<CheckpointFlags> {
  readonly skips?: true;
  readonly why?: true;
  readonly all?: true;
}

export function addInspect(program: Command, inFlags: InFlags): void {
  const command = program
    .command('inspect')
    .description('show the contents of a checkpoint or .onnx model')
    .argument(
      '<file>',
      'a .pth, .pt, .ts, .safetensors or .onnx file, or a folder: one written by save_pretrained, a MONAI bundle, or results of nnU-Net (of several folds, the folder of one)',
    );
  addCheckpointFlags(command)
    .addOption(new Option('--skips', 'for a model: propose tensors for graft').conflicts(CHECKPOINT_FLAGS))
    .addOption(
      new Option(
        '--why',
        'for a model: list nodes whose type cannot be inferred, and the nodes that rules skip because of them',
      ).conflicts([...CHECKPOINT_FLAGS, 'skips']),
    )
    .addOption(
      new Option('--all', 'list every tensor: of more than 30, the default is a summary').conflicts('skips'),
    )
    .option('--json', 'print one JSON document, with every tensor and the cost of every node')
    .action(async (file: string, { json, skips, why, all, ...flags }: Flags) => {
      if (skips) return showSkips(file, json);
      const { inspect } = await import('../../api/inspect.js');
      const { key, ...selection } = optionsOf(flags);
      const report = await inWords(await withClock('reading', () => inspect(file, key, selection)), inFlags);
      if (why && report.kind !== 'model') throw badUsage('`why` applies only to a model');
      printReport<'inspect'>(report, json, (it) => reportText(it, { why, all }));
    });
}

async function showSkips(file: string, json?: true): Promise<void> {
  const { proposeSkips } = await import('../../api/skips.js');
  printReport<'inspect --skips'>(await withClock('reading', () => proposeSkips(file)), json, skipsText);
}

async function inWords(
  report: CheckpointReport | ModelReport,
  inFlags: InFlags,
): Promise<CheckpointReport | ModelReport> {
  if (report.kind === 'model') return report;
  const { problem, note } = report;
  return {
    ...report,
    ...(problem !== undefined && { problem: await inFlags(problem) }),
    ...(note !== undefined && { note: await inFlags(note) }),
  };
}

/** How much of a file is shown. */
type Shown = { readonly [Flag in 'why' | 'all']: Flags[Flag] | undefined };

function reportText(report: CheckpointReport | ModelReport, shown: Shown): string {
  return report.kind === 'model' ? modelText(report, shown) : checkpointText(report, shown);
}

function skipsText({ file, input, skips, sizeMultiple, assumed }: SkipsReport): string {
  const head = fields([
    ['file', file],
    ['input', `${input.name} ${shapeLine(input.shape)} (H and W multiples of ${sizeMultiple})`],
    assumedField(assumed),
  ]);
  const rows = skips.map(({ tensor, scale, shape }) => [`1/${scale}`, shape.join(' x '), tensor]);
  const names = skips.map(({ tensor }) => tensor).join(',');
  return `${head}\n\n${table(['scale', 'shape', 'last tensor'], rows)}\n\n--skips ${names}`;
}

function checkpointText(report: CheckpointReport, { all }: Shown): string {
  const { architecture } = report;
  const network: readonly Field[] =
    architecture === undefined
      ? [['network', `not recognised: ${report.problem}`]]
      : [
          ['network', networkText(architecture)],
          ['decoder', decoderText(architecture)],
          ['channels', channelsText(architecture)],
        ];
  const head = fields([
    ['file', `${report.file} (${report.format})`],
    ...network,
    ['note', report.note],
    ['problem', architecture && report.problem],
    costField(report),
    [
      'assumed',
      report.assumed?.length ? `unless given: ${assumptionsText(report.assumed, flagOf)}` : undefined,
    ],
  ]);
  return `${head}\n\n${structureText(report)}${tensorTable(report.tensors, all)}`;
}

function structureText({ structure }: CheckpointReport): string {
  if (structure === undefined) return '';
  const { id, drawing, next, count } = structure;
  return [
    paragraph(`a plain U-Net by its shapes, the likeliest of ${count}: ${id}`),
    ...drawing.map((line) => `  ${line}`),
    ...next.map((other) => paragraph(`or ${other.id}: ${other.differences.join('; ')}`)),
    '\n',
  ].join('\n');
}

type Architecture = NonNullable<CheckpointReport['architecture']>;

function networkText({ backbone, widths, scales }: Architecture): string {
  return `${backbone}, widths ${widths.join(', ')}, scales ${scales.map((scale) => [scale].flat().join('x')).join(', ')}`;
}

function channelsText({ inputChannels, classes, classNames, activation }: Architecture): string {
  const named = classNames === undefined ? '' : ` (${classNames.join(', ')})`;
  return `${inputChannels} in, ${classes} out${named}${activation ? `; ${activation}` : classes > 1 ? '; the head is not stored' : ''}`;
}

function decoderText({ decoders, order, kernel, stateChannels, variant = {} }: Architecture): string {
  if (order === undefined) {
    return [
      'original',
      ...Object.entries(variant).map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`),
    ].join(', ');
  }
  const names = decoders.join(' or ');
  return `${names}, order ${order}, kernel ${kernel}, ${stateChannels} state channels; the activation is not stored`;
}

function portText({ name, dtype, shape, layout }: PortReport): string {
  return `${name}: ${dtype ?? 'unknown'} ${shapeLine(shape)}${layout === 'NHWC' ? ' (NHWC)' : ''}`;
}

/** Why figures are not those that `export` and `slim` print. */
const REWRITTEN =
  'the cost is that of the rewritten graph: export and slim report that of the network before it is rewritten';

function modelText(report: ModelReport, { why, all }: Shown): string {
  const { activationBytes } = report;
  const operators = Object.entries(report.operators).map(([name, times]) => `${times} ${name}`);
  const head = fields([
    ['file', `${report.file} (${bytesText(report.bytes)})`],
    ['made by', `${report.producer || 'unknown'}; opset ${report.opset}, IR ${report.irVersion}`],
    ...report.inputs.map((port) => ['input', portText(port)] as const),
    ...report.outputs.map((port) => ['output', portText(port)] as const),
    costField(report),
    ['note', OPTIMIZED_KEY in report.metadata ? REWRITTEN : undefined],
    ['activations', activationBytes === undefined ? undefined : `${bytesText(activationBytes)} in all`],
    ['nodes', `${report.nodes}: ${operators.join(', ')}`],
    ...untypedFields(report.untyped, why),
    assumedNetworkField(report.assumed, VERIFIED_KEY in report.metadata),
    ...Object.entries(report.metadata).filter(([key]) => key !== ASSUMED_KEY || report.assumed.length === 0),
  ]);
  return `${head}\n\n${tensorTable(report.tensors, all)}`;
}
