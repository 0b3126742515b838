import type { BenchFigures, BenchReport } from '../measuring/bench-figures.js';
import { SPEED_COLUMNS, WORK_COLUMNS } from './bench-columns.js';
import { type Column, FIGURES_STYLE, fieldsTable, figuresTable, writePage } from './html.js';
import { distributionPlot, scatterPlot, stackPlot } from './plots.js';

/** Writes what was measured as one HTML file that needs nothing else. */
export async function writeBenchReport(path: string, { models, ...report }: BenchReport): Promise<void> {
  const providers = new Set(models.map(({ provider }) => provider));
  const nameOf = ({ file, provider }: BenchFigures) => (providers.size > 1 ? `${file} on ${provider}` : file);
  const named = models.map((figures) => ({ name: nameOf(figures), ...figures }));
  const distributions = named.map(({ name, times, p50, p90, p99 }) => ({
    name,
    values: times,
    marks: [p50, p90, p99],
  }));
  const stacks = named.flatMap(({ name, operators }) => (operators ? [{ name, parts: operators }] : []));
  const differences = {
    maxAbs: 'largest difference from the first model',
    dscDrop: "1 - DSC of the first model's mask",
  };
  const scatter = (key: keyof typeof differences, what: string, xOf: (figures: BenchFigures) => number) => {
    const points = named.flatMap(({ name, agreement, ...figures }) => {
      const y = agreement?.[key];
      return y === undefined ? [] : [{ name, x: xOf(figures), y }];
    });
    return scatterPlot(what, differences[key], points);
  };
  const latency = ({ p50 }: BenchFigures) => p50;
  const megabytes = ({ bytes }: BenchFigures) => bytes / 1e6;
  const about = fieldsTable([
    ['scenario', report.scenario === 'single' ? 'one run after the other' : 'all workers busy'],
    ['input', [...new Set(models.map(({ input }) => input.join(' x ')))].join(', ')],
    ['runs', `${report.runs} of each, in turn, each model in a process of its own`],
    ['threads', `${report.threads} a run, ${report.workers} at the same time`],
    ['peak', `${report.peakGmacPerSecond.toFixed(1)} GMAC/s in products of 1024 x 1024 matrices`],
  ]);
  await writePage(
    path,
    `Speed of ${[...new Set(models.map(({ file }) => file))].join(', ')}`,
    FIGURES_STYLE,
    `${about}
<h2>Figures</h2>
${figuresTable('model', COLUMNS, named)}
<h2>Latency</h2>
<p>Every run; longer strokes are the median, the 90th and the 99th percentile.
${distributionPlot('milliseconds a run', distributions)}
<h2>Time by operator</h2>
<p>As onnxruntime runs the graph after its own rewrites.
${stackPlot('milliseconds', stacks)}
<h2>Accuracy against latency</h2>
${scatter('maxAbs', 'median latency, ms', latency)}
${scatter('dscDrop', 'median latency, ms', latency)}
<h2>Accuracy against file size</h2>
${scatter('maxAbs', 'file, MB', megabytes)}
${scatter('dscDrop', 'file, MB', megabytes)}`,
  );
}

const COLUMNS: readonly Column<BenchFigures>[] = [
  ['provider', ({ provider }) => provider],
  ...SPEED_COLUMNS,
  ['peak memory, MB', ({ peakRssMb }) => peakRssMb.toFixed(0)],
  ['file, MB', ({ bytes }) => (bytes / 1e6).toFixed(2)],
  ['nodes', ({ nodes }) => String(nodes)],
  ['MAC', ({ macs }) => (macs === undefined ? undefined : `${(macs / 1e9).toFixed(3)} G`)],
  ...WORK_COLUMNS,
];
