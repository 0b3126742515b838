import type { Command } from 'commander';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import type { CompareOptions, Comparison } from '../../index.js';
import { bytesText, count, macsText } from '../../reports/figures.js';
import { parseCount, parsePath, parseSpace } from '../flags/arguments.js';
import { addCheckpointFlags } from '../flags/checkpoint-flags.js';
import { choice, type FlagsOf, optionsOf } from '../flags/options.js';
import { assumedLine } from '../output/fields.js';
import { printReport, table } from '../output/print.js';
import { withProgress } from '../output/progress.js';

interface Flags extends FlagsOf<CompareOptions, 'backbones'> {
  readonly backbone?: readonly string[];
}

export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('compare the cost of each decoder on each backbone')
    .argument('[checkpoint]', 'a checkpoint, or a folder as for inspect; compares only its backbone')
    .addOption(choice('--backbone <backbone...>', 'backbones to compare (default: all)', BACKBONE_IDS))
    .option('--width <w>', 'base width, for backbones that have one (default: as published)', parseCount)
    .option(
      '--size <[Dx]HxW>',
      'input height and width (default: 256x256); for volumes also the depth (default: as for export)',
      parseSpace,
    )
    .option('--time', 'also measure latency on the CPU')
    .option('--runs <n>', 'with --time: measured runs of each (default: 20)', parseCount)
    .option('--report <file.html>', 'also write a report with plots')
    .option('--assume <id>', 'which network to assume when only its structure is known')
    .option(
      '--reference <file>',
      'inputs and outputs of the checkpoint, which identify its structure',
      parsePath,
    )
    .option('--json', 'print one JSON document');
  addCheckpointFlags(command).action(
    async (checkpoint: string | undefined, { backbone, ...flags }: Flags) => {
      const { compare } = await import('../../api/compare.js');
      const options = {
        ...optionsOf(flags),
        ...(checkpoint !== undefined && { checkpoint }),
        ...(backbone && { backbones: backbone }),
      };
      const comparisons = await withProgress('backbones', (watching) => compare({ ...options, ...watching }));
      printReport<'compare'>(comparisons, flags.json, comparisonText);
    },
  );
}

function comparisonText(comparisons: readonly Comparison[]): string {
  const change = (saved: number | undefined) => {
    if (saved === undefined || saved === 0) return '';
    return ` (${saved < 0 ? '+' : '-'}${(100 * Math.abs(saved)).toFixed(1)} %)`;
  };
  const timed = comparisons.some(({ latency }) => latency !== undefined);
  const lines = comparisons.map(({ backbone, decoder, parameters, macs, bytes, saved, latency }) => [
    backbone,
    decoder,
    `${count(parameters)}${change(saved?.parameters)}`,
    `${macsText(macs)}${change(saved?.macs)}`,
    bytesText(bytes),
    ...(latency ? [`${latency.p50.toFixed(1)} ms${change(1 - latency.ratio)}`] : []),
  ]);
  const header = ['backbone', 'decoder', 'parameters', 'multiply-adds', 'file', ...(timed ? ['a run'] : [])];
  const [{ assumed = [] } = {}] = comparisons;
  return [table(header, lines), assumedLine(assumed)].filter((part) => part !== '').join('\n');
}
