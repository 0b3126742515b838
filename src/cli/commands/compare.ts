import type { Command } from 'commander';
import { BACKBONE_IDS } from '../../../exporters/backbones/index.js';
import type { CompareOptions, Comparison } from '../../index.js';
import { bytesText, count, macsText } from '../../reports/figures.js';
import { parseCount, parseSize } from '../flags/arguments.js';
import { choice } from '../flags/options.js';
import { printReport, table } from '../output/print.js';
import { withProgress } from '../output/progress.js';

interface Flags extends Omit<CompareOptions, 'backbones' | 'signal' | 'onProgress'> {
  readonly backbone?: readonly string[];
  readonly json?: true;
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('count what each decoder costs on each backbone, side by side')
    .addOption(choice('--backbone <backbone...>', 'those to compare (default: all)', BACKBONE_IDS))
    .option('--width <w>', 'base width of the backbones that have one (default: their own)', parseCount)
    .option('--size <HxW>', 'input height and width (default: 256x256)', parseSize)
    .option('--time', 'also measure how long a run takes on the CPU')
    .option('--runs <n>', 'with --time: counted runs of each (default: 20)', parseCount)
    .option('--report <file.html>', 'also write a report with plots')
    .option('--json', 'print one JSON document')
    .action(async ({ json, backbone, ...flags }: Flags) => {
      const { compare } = await import('../../api/compare.js');
      const options = { ...flags, ...(backbone && { backbones: backbone }) };
      const comparisons = await withProgress('backbones', (watching) => compare({ ...options, ...watching }));
      printReport(comparisons, json, comparisonText);
    });
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
  return table(header, lines);
}
