import type { Command } from 'commander';
import type { ProviderChoice } from '../../../runtime/node/sessions/providers.js';
import type { BenchFigures, BenchOptions, BenchReport } from '../../index.js';
import { SCENARIOS } from '../../measuring/bench-figures.js';
import { SPEED_COLUMNS, WORK_COLUMNS } from '../../reports/bench-columns.js';
import { bytesText, count, macsText } from '../../reports/figures.js';
import type { Column } from '../../reports/html.js';
import { parseCount, parseSize } from '../flags/arguments.js';
import { choice, type FlagsOf } from '../flags/options.js';
import { addRunFlags, parseProviders } from '../flags/run-flags.js';
import { assumedLine } from '../output/fields.js';
import { noteFallback } from '../output/notes.js';
import { columnsTable, fields, placementTexts, printReport } from '../output/print.js';
import { withProgress } from '../output/progress.js';

interface Flags extends Omit<FlagsOf<BenchOptions, 'models'>, 'provider'> {
  readonly provider?: readonly ProviderChoice[];
}

export function addBench(program: Command): void {
  const command = program
    .command('bench')
    .description('measure the speed of models, side by side')
    .argument('<model.onnx...>', 'models; the others are compared with the first')
    .option(
      '--provider <p,...>',
      'provider, as for predict; if given several times, every model is measured on each (default: cpu)',
      (text: string, before: readonly ProviderChoice[] = []) => [...before, parseProviders(text)],
    )
    .addOption(
      choice(
        '--scenario <s>',
        'one run after the other, or all workers at once (default: single)',
        SCENARIOS,
      ),
    )
    .option('--workers <n>', 'with --scenario offline: concurrent runs (default: 2)', parseCount)
    .option('--batch <n>', 'batch size, if the model leaves it open (default: 1)', parseCount)
    .option('--size <HxW>', 'height and width, if the model leaves them open (default: 256x256)', parseSize)
    .option('--runs <n>', 'measured runs per model (default: 50)', parseCount)
    .option('--placement', 'also count the nodes that each provider runs')
    .option('--report <file.html>', 'also write a report with plots')
    .option('--json', 'print one JSON document');
  addRunFlags(command).action(async (models: string[], { json, provider, ...flags }: Flags) => {
    const { bench } = await import('../../api/bench.js');
    const options = { ...flags, ...(provider && { providers: provider }), models };
    const report = await withProgress('runs', (watching) => bench({ ...options, ...watching }));
    printReport<'bench'>(report, json, reportText);
    for (const { session, file } of report.models) noteFallback(session, file);
  });
}

function reportText({ models, ...report }: BenchReport): string {
  const input = (figures: BenchFigures) => figures.input.join(' x ');
  const workers = report.workers > 1 ? `, ${report.workers} at the same time` : '';
  const about = fields([
    ['input', [...new Set(models.map(input))].join(', ')],
    ['runs', `${report.runs} of each, ${report.threads} threads a run${workers}`],
    ['peak', `${report.peakGmacPerSecond.toFixed(1)} GMAC/s in matrix products`],
  ]);
  const owner: readonly Column<BenchFigures>[] = [
    ['model', ({ file }) => file],
    ['on', ({ provider }) => provider],
  ];
  const speed = columnsTable(
    [...owner, ...SPEED_COLUMNS, ['peak memory', ({ peakRssMb }) => `${peakRssMb.toFixed(0)} MB`]],
    models,
  );
  const size = columnsTable(
    [
      ...owner,
      ['file', ({ bytes }) => bytesText(bytes)],
      ['nodes', ({ nodes }) => count(nodes)],
      ['MAC', ({ macs }) => (macs === undefined ? undefined : macsText(macs))],
      ...WORK_COLUMNS,
    ],
    models,
  );
  const placements = fields(
    models.map(({ file, placement }) => [file, placement && placementTexts(placement).join(', ')]),
  );
  const assumed = fields(models.map(({ file, assumed }) => [file, assumedLine(assumed) || undefined]));
  return [about, speed, size, placements, assumed].filter((part) => part !== '').join('\n\n');
}
