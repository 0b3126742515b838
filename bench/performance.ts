/**
 * `npm run bench`: the native figures of docs/performance.md. The release's networks (w = 64, seeded weights) and the trained one
 * (w = 16), at 256 x 256 and two threads, in all forms that `nmode optimize` writes, beside PyTorch's own export and PyTorch itself.
 * Differences are those of the bundled photographs, from the network before it was rewritten:
 *
 *     npm run bench -- [--runs 48] [--plot FILE.svg] [eed] [hd] [lmd] [trained]
 *
 * The plot is of every run of the first of them. PyTorch is Debian's python3-torch; without it the network as it was exported is
 * what the others are compared with.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeModel } from '../graph/file/write.js';
import { NORMALIZATIONS } from '../graph/recipe/normalization.js';
import { bench } from '../src/api/bench.js';
import { exportModel } from '../src/api/export.js';
import { optimizeModel } from '../src/api/optimize.js';
import { fields, print, table } from '../src/cli/output/print.js';
import type { BenchReport } from '../src/measuring/bench-figures.js';
import { median } from '../src/measuring/percentile.js';
import { distributionPlot } from '../src/reports/plots.js';
import { BUNDLED_IMAGES } from '../src/transform/calibration-inputs.js';
import type { Difference } from '../src/transform/difference.js';
import type { TransformOptions } from '../src/transform/transform.js';
import { inFolder, root, seededNetwork } from './networks.js';

const [PYTHON, THREADS, WIDTH] = ['/usr/bin/python3', 2, 64];
/** Of PyTorch itself: its processes differ by half, each the same from run to run. */
const EAGER_RUNS = 16;
const TRAINED = join(root, 'fixtures/trained/unet-eed-w16-isic2018.pth');

const GROUPS = ['eed', 'hd', 'lmd', 'trained'] as const;
type Group = (typeof GROUPS)[number];

const FORMS: readonly (readonly [name: string, options: TransformOptions])[] = [
  ['standard', { level: 'standard' }],
  ['latency', { level: 'latency' }],
  ['latency, precomputed', { level: 'latency', precompute: true }],
  ['int8', { precision: 'int8', calibrate: BUNDLED_IMAGES }],
  ['fp16', { precision: 'fp16' }],
];

/** Seeded weights know no images: inputs are small, and what a form costs the masks tells nothing. */
const SEEDED: TransformOptions = { recipe: { normalization: NORMALIZATIONS.unit } };

function python(program: string, ...args: readonly string[]): string {
  const run = spawnSync(PYTHON, [join(root, program), ...args], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${program}: ${run.stderr}`);
  return run.stdout;
}

/** Writes the network as it is exported with `--optimize none`. */
async function writePlain(group: Group, output: string): Promise<void> {
  if (group === 'trained') {
    await exportModel({ checkpoint: TRAINED, output, decoder: 'eed', activation: 'gelu', level: 'none' });
  } else writeFileSync(output, encodeModel(seededNetwork(group, WIDTH)));
}

/** Writes PyTorch's export, and tells how PyTorch is asked for the time of a run. */
function writeTorch(group: Group, file: (name: string) => string, output: string): () => number {
  const decoder = group === 'trained' ? 'eed' : group;
  const checkpoint = group === 'trained' ? TRAINED : file(`${group}.pth`);
  if (group !== 'trained') {
    python('fixtures/make.py', '--checkpoint', decoder, '--width', String(WIDTH), checkpoint);
  }
  python('bench/torch_export.py', checkpoint, output, '--decoder', decoder);
  const threads = ['--threads', String(THREADS)];
  return () => Number(python('bench/torch_eager.py', checkpoint, '--decoder', decoder, ...threads));
}

async function measure(group: Group, runs: number, hasTorch: boolean, file: (name: string) => string) {
  const [torch, plain] = [file(`${group} torch.onnx`), file(`${group} none.onnx`)];
  const eagerRun = hasTorch ? writeTorch(group, file, torch) : undefined;
  await writePlain(group, plain);
  const models = [...(hasTorch ? [torch] : []), plain];
  const names = [...(hasTorch ? ["PyTorch's export"] : []), 'none'];
  const differences = new Map<string, Difference>();
  for (const [name, options] of FORMS) {
    const output = file(`${group} ${name}.onnx`);
    const loose = options.precision !== undefined && { maxDscDrop: 1 };
    const prepared = group === 'trained' ? options : { ...options, ...SEEDED, ...loose };
    const { difference } = await optimizeModel({ model: plain, output, ...prepared });
    if (difference) differences.set(name, difference);
    models.push(output);
    names.push(name);
  }
  // Before and after, since it does not run in turn with the others.
  const eagerRuns = () => (eagerRun ? Array.from({ length: EAGER_RUNS / 2 }, eagerRun) : []);
  const before = eagerRuns();
  const report = await bench({ models, runs, threads: THREADS });
  const eager = [...before, ...eagerRuns()];
  const [first] = report.models;
  if (first === undefined) throw new TypeError('nothing was measured');
  const rows = report.models.map((figures, at) => {
    const name = names[at] ?? '';
    const difference = differences.get(name);
    return [
      name,
      `${figures.p50.toFixed(1)} ms`,
      figures.ratioToFirst.toFixed(3),
      ...[
        figures.loadMs / first.loadMs,
        figures.peakRssMb / first.peakRssMb,
        figures.bytes / first.bytes,
      ].map((ratio) => ratio.toFixed(2)),
      String(figures.nodes),
      `${(100 * (figures.shareOfPeak ?? Number.NaN)).toFixed(0)} %`,
      difference?.maxAbs.toExponential(1) ?? '',
      difference?.dscDrop?.toFixed(5) ?? '',
    ];
  });
  const title = group === 'trained' ? 'EED, w = 16, trained' : `${group.toUpperCase()}, w = ${WIDTH}`;
  const header = ['median', 'ratio', 'load', 'memory', 'file', 'nodes', 'of peak', 'difference', '1 - DSC'];
  print(`${table([title, ...header], rows)}\n`);
  print(
    fields([
      ['the first', `loads in ${first.loadMs.toFixed(0)} ms, takes ${first.peakRssMb.toFixed(0)} MB`],
      ['peak', `${report.peakGmacPerSecond.toFixed(0)} GMAC/s in matrix products`],
      ...(eager.length > 0 ? [['PyTorch', eagerText(eager, report, names)] as const] : []),
    ]),
  );
  print('');
  return report.models.map(({ times, p50, p90, p99 }, at) => ({
    name: names[at] ?? '',
    values: times,
    marks: [p50, p90, p99],
  }));
}

function eagerText(times: readonly number[], { models }: BenchReport, names: readonly string[]): string {
  const middle = median(times);
  const range = `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}`;
  const ratios = models.map(({ p50 }, at) => `${(middle / p50).toFixed(2)} of ${names[at]}`);
  return `${middle.toFixed(1)} ms, eager (${times.length} processes: ${range}); times ${ratios.join(', ')}`;
}

/** An SVG that stands alone, in colours that are seen in light and dark. */
function standing(svg: string): string {
  const style = 'text{font:13px sans-serif;fill:#7d8590}.grid{stroke:#7d8590;stroke-opacity:.3}';
  return svg.replace(
    /^<svg ([^>]*)>/,
    `<svg xmlns="http://www.w3.org/2000/svg" $1>\n<style>${style}</style>`,
  );
}

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '48' }, plot: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !GROUPS.some((group) => group === name));
if (unknown !== undefined) throw new Error(`'${unknown}' is unknown: choose ${GROUPS.join(', ')}`);
const hasTorch = spawnSync(PYTHON, ['-c', 'import torch']).status === 0;
if (!hasTorch) {
  print(
    `PyTorch is left out: ${PYTHON} has no torch. Ratios are to the network as exported, --optimize none.\n`,
  );
}
await inFolder(async (file) => {
  const asked = GROUPS.filter((group) => positionals.length === 0 || positionals.includes(group));
  for (const group of asked) {
    const distributions = await measure(group, Number(values.runs), hasTorch, file);
    if (values.plot === undefined || group !== asked[0]) continue;
    writeFileSync(values.plot, standing(distributionPlot('milliseconds a run', distributions)));
  }
});
