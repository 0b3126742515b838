import type { Comparison, Figures } from '../measuring/comparison.js';
import { count, macsText } from './figures.js';
import { type Column, FIGURES_STYLE, figuresTable, writePage } from './html.js';
import { scatterPlot, stackPlot } from './plots.js';

const percent = (share: number | undefined) =>
  share === undefined ? undefined : `${(100 * share).toFixed(1)} %`;

const COUNTED: readonly Column<Comparison>[] = [
  ['parameters', ({ parameters }) => count(parameters)],
  ['saved', ({ saved }) => percent(saved?.parameters)],
  ['multiply-adds', ({ macs }) => macsText(macs)],
  ['saved', ({ saved }) => percent(saved?.macs)],
  ["encoder's share", ({ macs, encoder }) => percent(encoder.macs / macs)],
  ['file, MB', ({ bytes }) => (bytes / 1e6).toFixed(2)],
];

const TIMED: readonly Column<Comparison>[] = [
  ['p50, ms', ({ latency }) => latency?.p50.toFixed(1)],
  ['ratio', ({ latency }) => latency?.ratio.toFixed(3)],
];

/** The parts of a network, in the order in which they run. */
const SIDES = ['encoder', 'decoder'];

/** Writes the comparison as one HTML file that needs nothing else. @param size such as `256 x 256` */
export async function writeCompareReport(
  path: string,
  comparisons: readonly Comparison[],
  { size, runs }: { readonly size: string; readonly runs: number },
): Promise<void> {
  const named = comparisons.map((each) => ({ name: `${each.backbone} ${each.decoder}`, ...each }));
  const shares = (figure: keyof Figures) =>
    named.flatMap(({ name, saved, encoder, ...figures }) => {
      if (saved === undefined) return [];
      const whole = figures[figure] / (1 - saved[figure]);
      const [inEncoder, inDecoder] = [encoder[figure], figures[figure] - encoder[figure]];
      return [{ name, parts: { encoder: (100 * inEncoder) / whole, decoder: (100 * inDecoder) / whole } }];
    });
  const timed = named.flatMap(({ latency, ...each }) => (latency ? [{ ...each, p50: latency.p50 }] : []));
  await writePage(
    path,
    'nmODE decoders on every backbone',
    FIGURES_STYLE,
    `<p>One input of ${size}, counted on the graphs that are exported: trained numbers, and multiply-adds of convolutions and
matrix products. What is saved is saved of the network with the decoder that it was published with; the encoder's share is of the multiply-adds.
${figuresTable('network', [...COUNTED, ...(timed.length > 0 ? TIMED : [])], named)}
<h2>Multiply-adds</h2>
${stackPlot('% of the network with its original decoder', shares('macs'), SIDES)}
<h2>Parameters</h2>
${stackPlot('% of the network with its original decoder', shares('parameters'), SIDES)}
${timed.length > 0 ? latencyText(timed, runs) : ''}`,
  );
}

function latencyText(
  timed: readonly (Omit<Comparison, 'latency'> & { readonly name: string; readonly p50: number })[],
  runs: number,
): string {
  const bars = timed.map(({ name, p50 }) => ({ name, parts: { 'a run': p50 } }));
  const points = timed.map(({ name, backbone, decoder, p50, parameters }) => {
    return { name, label: backbone, series: decoder, x: p50, y: parameters };
  });
  return `<h2>Latency</h2>
<p>Medians of ${runs} runs on this machine's CPU, the decoders of a backbone in turn.
${stackPlot('milliseconds', bars)}
<h2>Parameters against latency</h2>
${scatterPlot('median latency, ms', 'parameters', points)}`;
}
