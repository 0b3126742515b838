/**
 * `npm run bench:foreign`: memory and time of rewriting models of other exporters, 40 and 200 MB, each in a process of its own: the
 * rewriting alone, and `nmode optimize` with its comparison on images.
 */
import { statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UNet } from '../exporters/backbones/unet.js';
import { encodeModel } from '../graph/file/write.js';
import { print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { seeded } from '../test/support/seeded.js';
import { type Measurement, measureNode } from './measure.js';
import { inFolder, seededModel } from './networks.js';

/** First widths of U-Nets whose files have about these sizes. */
const WIDTHS = [56, 124];
const SIDE = 64;
const RUNS = 3;

/** Of the file: what rewriting may take at its peak, with what Node takes without a model; and with the comparison. */
const [REWRITING, NODE_MB, COMPARED] = [4, 80, 7];
/** Seconds that rewriting a model of 40 MB may take. */
const MAX_SECONDS = 3;

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const rewriting = fileURLToPath(new URL('./rewrite.js', import.meta.url));

/** A network as other exporters write it: BatchNorm as it was trained, and no word of who made it. */
function foreignModel(width: number) {
  const model = seededModel(UNet.ofWidth(width), 'original', SIDE, seeded);
  return { ...model, producerName: 'pytorch', metadata: new Map<string, string>() };
}

function must(run: Measurement): Measurement {
  if (run.status !== 0) throw new Error(`a measured program failed: ${run.stderr}`);
  return run;
}

await inFolder(async (file) => {
  const rows: string[][] = [];
  let held = true;
  for (const width of WIDTHS) {
    const model = file(`${width}.onnx`);
    writeFileSync(model, encodeModel(foreignModel(width)));
    const megabytes = statSync(model).size / 1e6;
    const programs = [
      {
        what: 'rewriting',
        args: [rewriting, model, file('out.onnx')],
        most: REWRITING * megabytes + NODE_MB,
      },
      {
        what: 'nmode optimize',
        args: [main, 'optimize', model, '-o', file('out.onnx')],
        most: COMPARED * megabytes,
      },
    ];
    for (const { what, args, most } of programs) {
      const runs = Array.from({ length: RUNS }, () => must(measureNode(args)));
      const [seconds, peak] = [
        median(runs.map((run) => run.milliseconds)) / 1000,
        median(runs.map((run) => run.peakMb)),
      ];
      const holds = peak <= most && (megabytes > 50 || seconds <= MAX_SECONDS);
      held &&= holds;
      rows.push([
        `${megabytes.toFixed(0)} MB`,
        what,
        `${seconds.toFixed(2)} s`,
        `${peak.toFixed(0)} MB`,
        `${(peak / megabytes).toFixed(1)}`,
        holds ? 'ok' : 'MISS',
      ]);
    }
  }
  print(table(['file', 'what', 'time', 'peak', 'of the file', ''], rows));
  process.exitCode = held ? 0 : 1;
});
