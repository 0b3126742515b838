import { type Command, Option } from 'commander';
import { ASSUMED_KEY, assumptionsText } from '../../../graph/common/assumption.js';
import type { CheckpointReport, ModelReport, PortReport, SkipsReport, TensorReport } from '../../index.js';
import { bytesText, count, macsText } from '../../reports/figures.js';
import { addCheckpointFlags, type CheckpointFlags, checkpointOptions } from '../flags/checkpoint-flags.js';
import { assumedFields } from '../output/assumed-fields.js';
import { fields, print, printJson, shapeLine, table } from '../output/print.js';

interface Flags extends CheckpointFlags {
  readonly skips?: true;
  readonly json?: true;
}

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('tell what a checkpoint or an .onnx model holds')
    .argument('<file>', 'a .pth, .pt, .safetensors or .onnx file');
  addCheckpointFlags(command)
    .addOption(
      new Option('--skips', 'of a model: the tensors that a decoder could be grafted on').conflicts([
        'key',
        'prefix',
        'ignore',
      ]),
    )
    .option('--json', 'print one JSON document, with the cost of every node of a model')
    .action(async (file: string, { json, skips, ...flags }: Flags) => {
      if (skips) return showSkips(file, json);
      const { inspect } = await import('../../api/inspect.js');
      const { key, ...selection } = checkpointOptions(flags);
      const report = await inspect(file, key, selection);
      if (json) printJson(report);
      else print(report.kind === 'model' ? modelText(report) : checkpointText(report));
    });
}

async function showSkips(file: string, json?: true): Promise<void> {
  const { proposeSkips } = await import('../../api/skips.js');
  const report = await proposeSkips(file);
  if (json) printJson(report);
  else print(skipsText(report));
}

function skipsText({ file, input, skips, sizeMultiple }: SkipsReport): string {
  const head = fields([
    ['file', file],
    ['input', `${input.name} ${shapeLine(input.shape)} (H and W multiples of ${sizeMultiple})`],
  ]);
  const rows = skips.map(({ tensor, scale, shape }) => [`1/${scale}`, shape.join(' x '), tensor]);
  const names = skips.map(({ tensor }) => tensor).join(',');
  return `${head}\n\n${table(['scale', 'shape', 'last tensor'], rows)}\n\n--skips ${names}`;
}

function costLine({ parameters, macs, macsAt }: CheckpointReport | ModelReport): readonly [string, string] {
  const work = macs === undefined ? '' : `, ${macsText(macs)} multiply-adds at ${shapeLine(macsAt)}`;
  return ['cost', `${count(parameters)} parameters${work}`];
}

function tensorTable(tensors: readonly TensorReport[]): string {
  return table(
    ['tensor', 'type', 'shape'],
    tensors.map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]),
  );
}

function checkpointText(report: CheckpointReport): string {
  const { architecture } = report;
  const network =
    architecture === undefined
      ? ([['network', `not recognised: ${report.problem}`]] as const)
      : ([
          [
            'network',
            `${architecture.backbone}, widths ${architecture.widths.join(', ')}, scales ${architecture.scales.join(', ')}`,
          ],
          ['decoder', decoderText(architecture)],
          ['channels', channelsText(architecture)],
        ] as const);
  const remarks = [
    ...(report.note === undefined ? [] : [['note', report.note] as const]),
    ...(architecture && report.problem !== undefined ? [['problem', report.problem] as const] : []),
  ];
  const head = fields([
    ['file', `${report.file} (${report.format})`],
    ...network,
    ...remarks,
    costLine(report),
    ...(report.assumed ? [['assumed', `unless told: ${assumptionsText(report.assumed)}`] as const] : []),
  ]);
  return `${head}\n\n${tensorTable(report.tensors)}`;
}

function channelsText({ inputChannels, classes }: NonNullable<CheckpointReport['architecture']>): string {
  return `${inputChannels} in, ${classes} out${classes > 1 ? '; the head is not stored' : ''}`;
}

function decoderText(architecture: NonNullable<CheckpointReport['architecture']>): string {
  const { decoders, order, kernel, stateChannels, form = {} } = architecture;
  if (order === undefined) {
    return ['original', ...Object.entries(form).map(([name, value]) => `${name} ${value}`)].join(', ');
  }
  const names = decoders.join(' or ');
  return `${names}, order ${order}, kernel ${kernel}, ${stateChannels} state channels; the activation is not stored`;
}

function portText({ name, dtype, shape }: PortReport): string {
  return `${name}: ${dtype ?? 'unknown'} ${shapeLine(shape)}`;
}

function modelText(report: ModelReport): string {
  const operators = Object.entries(report.operators).map(([name, times]) => `${times} ${name}`);
  const head = fields([
    ['file', `${report.file} (${bytesText(report.bytes)})`],
    ['made by', `${report.producer || 'unknown'}; opset ${report.opset}, IR ${report.irVersion}`],
    ...report.inputs.map((port) => ['input', portText(port)] as const),
    ...report.outputs.map((port) => ['output', portText(port)] as const),
    costLine(report),
    ...(report.activationBytes === undefined
      ? []
      : [['activations', `${bytesText(report.activationBytes)} in all`] as const]),
    ['nodes', `${report.nodes}: ${operators.join(', ')}`],
    ...assumedFields(report),
    ...Object.entries(report.metadata)
      .filter(([key]) => key !== ASSUMED_KEY || report.assumed.length === 0)
      .map(([key, value]) => [key, value] as const),
  ]);
  return `${head}\n\n${tensorTable(report.tensors)}`;
}
