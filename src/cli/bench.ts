import type { Command } from 'commander';
import type { BenchReport } from '../bench.js';
import { parseCount, parseSize } from './arguments.js';
import { interruption } from './interruption.js';
import { bytesText, fields, print, printJson } from './print.js';
import { withProgress } from './progress.js';
import { addSessionFlags, noteFallback, type SessionFlags, sessionOptions } from './session-flags.js';

interface Flags extends SessionFlags {
  readonly size?: { height: number; width: number };
  readonly runs: number;
  readonly workers?: number;
  readonly placement?: true;
  readonly json?: true;
}

export function addBench(program: Command): void {
  const command = program
    .command('bench')
    .description('measure how fast a model runs')
    .argument('<model.onnx>', 'the model')
    .option('--size <HxW>', 'height and width where the model leaves them open (default: 256x256)', parseSize)
    .option('--runs <n>', 'timed runs', parseCount, 50)
    .option('--workers <n>', 'runs at the same time, for the throughput (default: 1)', parseCount)
    .option('--placement', 'also count the nodes that each provider runs')
    .option('--json', 'print one JSON document');
  addSessionFlags(command).action(async (model: string, flags: Flags) => {
    const { size, runs, workers, placement } = flags;
    const { bench } = await import('../bench.js');
    const report = await withProgress('runs', (onProgress) =>
      bench({
        ...sessionOptions(flags),
        ...(size && { size }),
        ...(workers && { workers }),
        ...(placement && { placement }),
        model,
        runs,
        signal: interruption(),
        onProgress,
      }),
    );
    if (flags.json) printJson(report);
    else print(reportText(report));
    noteFallback(report.provider);
  });
}

function reportText({ provider, latency, ...report }: BenchReport): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const nodes = Object.entries(provider.placement ?? {}).map(([name, count]) => `${count} on ${name}`);
  return fields([
    ['model', `${report.model}, input ${report.input.join(' x ')}`],
    ['ran on', provider.effective],
    ...(nodes.length > 0 ? [['nodes', nodes.join(', ')] as const] : []),
    ['threads', `${report.threads} a run, ${report.workers} at the same time`],
    ['load', ms(report.load)],
    ['first run', ms(report.first)],
    [
      'latency',
      `median ${ms(latency.median)}, p90 ${ms(latency.p90)}, p99 ${ms(latency.p99)}, ${report.runs} runs`,
    ],
    ['throughput', `${report.throughput.toFixed(1)} images/s`],
    ['memory', bytesText(report.residentBytes)],
  ]);
}
