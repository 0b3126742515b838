import { writeWhole } from '../files/write-whole.js';
import type { Comparison, Figures } from '../measuring/comparison.js';
import { count, macsText } from './figures.js';
import { FIGURES_STYLE, figuresTable, page } from './html.js';
import { scatterPlot, stackPlot } from './plots.js';

/** How it was compared. */
interface Setting {
  readonly size: { readonly height: number; readonly width: number };
  readonly runs: number;
}

/** Writes the comparison as one HTML file that needs nothing else. */
export async function writeCompareReport(
  path: string,
  comparisons: readonly Comparison[],
  setting: Setting,
): Promise<void> {
  await writeWhole(path, [Buffer.from(html(comparisons, setting))]);
}

const percent = (share: number | undefined) => (share === undefined ? '' : `${(100 * share).toFixed(1)} %`);

type Column = readonly [name: string, text: (comparison: Comparison) => string];

const COUNTED: readonly Column[] = [
  ['parameters', ({ parameters }) => count(parameters)],
  ['saved', ({ saved }) => percent(saved?.parameters)],
  ['multiply-adds', ({ macs }) => macsText(macs)],
  ['saved', ({ saved }) => percent(saved?.macs)],
  ["encoder's share", ({ macs, encoder }) => percent(encoder.macs / macs)],
  ['file, MB', ({ bytes }) => (bytes / 1e6).toFixed(2)],
];

const TIMED: readonly Column[] = [
  ['p50, ms', ({ latency }) => latency?.p50.toFixed(1) ?? ''],
  ['ratio', ({ latency }) => latency?.ratio.toFixed(3) ?? ''],
];

/** The parts of a network, in the order in which they run. */
const SIDES = ['encoder', 'decoder'];

function html(comparisons: readonly Comparison[], { size, runs }: Setting): string {
  const time = comparisons.some(({ latency }) => latency !== undefined);
  const columns = [...COUNTED, ...(time ? TIMED : [])];
  const named = comparisons.map((each) => ({ name: `${each.backbone} ${each.decoder}`, ...each }));
  const shares = (figure: keyof Figures) =>
    named.flatMap(({ name, saved, encoder, ...figures }) => {
      if (saved === undefined) return [];
      const whole = figures[figure] / (1 - saved[figure]);
      const [inEncoder, inDecoder] = [encoder[figure], figures[figure] - encoder[figure]];
      return [{ name, parts: { encoder: (100 * inEncoder) / whole, decoder: (100 * inDecoder) / whole } }];
    });
  const latencies = named.flatMap(({ name, latency }) =>
    latency === undefined ? [] : [{ name, parts: { 'a run': latency.p50 } }],
  );
  return page(
    'nmODE decoders on every backbone',
    FIGURES_STYLE,
    `<p>One image of ${size.height} x ${size.width}, counted on the graphs that are exported: trained numbers, and multiply-adds of convolutions and
matrix products. What is saved is saved of the network with the decoder that it was published with; the encoder's share is of the multiply-adds.
${figuresTable(
  ['network', ...columns.map(([name]) => name)],
  named.map((each) => [each.name, ...columns.map(([, text]) => text(each))]),
)}
<h2>Multiply-adds</h2>
${stackPlot('% of the network with its original decoder', shares('macs'), SIDES)}
<h2>Parameters</h2>
${stackPlot('% of the network with its original decoder', shares('parameters'), SIDES)}
${
  time
    ? `<h2>Latency</h2>
<p>Medians of ${runs} runs on this machine's CPU, the decoders of a backbone in turn.
${stackPlot('milliseconds', latencies)}
<h2>Parameters against latency</h2>
${scatterPlot(
  'median latency, ms',
  'parameters',
  named.map(({ name, backbone, decoder, latency, parameters }) => {
    return { name, label: backbone, series: decoder, x: latency?.p50 ?? 0, y: parameters };
  }),
)}`
    : ''
}`,
  );
}
