import type { Command } from 'commander';
import type { Comparison } from '../index.js';
import { parseCount, parseSize } from './arguments.js';
import { bytesText, count, macsText, print, printJson, table } from './print.js';

interface Flags {
  readonly width?: number;
  readonly size?: { height: number; width: number };
  readonly json?: true;
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('count what each decoder costs, side by side')
    .option('--width <w>', 'base width of the backbones that have one (default: their own)', parseCount)
    .option('--size <HxW>', 'input height and width (default: 256x256)', parseSize)
    .option('--json', 'print one JSON document')
    .action(async ({ json, width, size }: Flags) => {
      const { compare } = await import('../compare.js');
      const rows = compare({ ...(width !== undefined && { width }), ...(size && { size }) });
      if (json) printJson(rows);
      else print(comparisonText(rows));
    });
}

function comparisonText(rows: readonly Comparison[]): string {
  const saved = (part: number, whole: number | undefined) => {
    if (whole === undefined || part === whole) return '';
    const change = (part / whole - 1) * 100;
    return ` (${change > 0 ? '+' : ''}${change.toFixed(1)} %)`;
  };
  const lines = rows.map(({ backbone, decoder, parameters, macs, bytes }) => {
    const original = rows.find((row) => row.backbone === backbone && row.decoder === 'original');
    return [
      backbone,
      decoder,
      `${count(parameters)}${saved(parameters, original?.parameters)}`,
      `${macsText(macs)}${saved(macs, original?.macs)}`,
      bytesText(bytes),
    ];
  });
  return table(['backbone', 'decoder', 'parameters', 'multiply-adds', 'file'], lines);
}
