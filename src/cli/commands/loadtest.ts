import { type Command, Option } from 'commander';
import type { LoadTestOptions, LoadTestReport } from '../../api/loadtest.js';
import { count } from '../../reports/figures.js';
import { numberThat, parseCount, parseSize } from '../flags/arguments.js';
import type { FlagsOf } from '../flags/options.js';
import { fields, printReport, table } from '../output/print.js';
import { withClock } from '../output/progress.js';

/** What one process can send, and what it can time. */
const [MAX_RATE, MAX_SECONDS] = [100_000, 1_000_000];

const parseRate = numberThat(
  (value) => value > 0 && value <= MAX_RATE,
  `a number of requests a second above 0, at most ${MAX_RATE}`,
);

const parseDuration = numberThat(
  (value) => value > 0 && value <= MAX_SECONDS,
  `a number of seconds above 0, at most ${MAX_SECONDS}`,
);

export function addLoadTest(program: Command): void {
  program
    .command('loadtest')
    .description('measure a server of the Open Inference Protocol v2 under load')
    .argument('<url>', 'URL of the server, for example http://127.0.0.1:8000')
    .option('--model <name>', 'model to run (default: the only one)')
    .option('--size <HxW>', 'for open sizes of the model (default: 256x256)', parseSize)
    .option(
      '--clients <n>',
      'closed loop: concurrent clients, each of which waits for its response (default: 8)',
      parseCount,
    )
    .addOption(
      new Option('--rate <n>', 'open loop instead: requests per second, arriving at random')
        .argParser(parseRate)
        .conflicts('clients'),
    )
    .option('--duration <s>', 'duration in seconds', parseDuration, 10)
    .option('--no-binary', 'send and receive JSON instead of binary tensors')
    .option('--token <token>', 'bearer token')
    .option('--json', 'print one JSON document')
    .action(async (url: string, { json, ...flags }: FlagsOf<LoadTestOptions, 'url'>) => {
      const { loadTest } = await import('../../api/loadtest.js');
      const report = await withClock(`sending requests for ${flags.duration} s`, (signal) =>
        loadTest({ url, ...flags, signal }),
      );
      printReport<'loadtest'>(report, json, textOf);
    });
}

function textOf({ loop, load, latency, ...report }: LoadTestReport): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const how = loop === 'closed' ? `closed loop, ${load} clients` : `open loop, ${load} requests a second`;
  const summary = fields([
    ['model', `${report.model}, ${report.shape.join(' x ')}`],
    ['load', `${how}, ${report.seconds.toFixed(1)} s`],
    ['answered', `${count(report.answered)}, ${report.throughput.toFixed(1)} a second`],
    [
      'latency',
      `p50 ${ms(latency.p50)}, p90 ${ms(latency.p90)}, p99 ${ms(latency.p99)}, max ${ms(latency.max)}`,
    ],
  ]);
  const rows = Object.entries(report.errors).map(([what, { count: times, p99 }]) => [
    what,
    count(times),
    ms(p99),
  ]);
  return rows.length === 0 ? summary : `${summary}\n\n${table(['error', 'requests', 'p99'], rows)}`;
}
