/**
 * `npm run bench:export`: a full-width EED checkpoint (w = 64) through `nmode export` and through PyTorch's own
 * `torch.onnx.export`, whole processes, interleaved. Needs Debian's python3-torch, which also makes the checkpoint.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fields, print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { type Measurement, measure, measureNode } from './measure.js';

const RUNS = 7;
const PYTHON = '/usr/bin/python3';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nmode-bench-'));
const file = (name: string) => join(folder, name);
const main = join(root, 'dist', 'src', 'cli', 'main.js');

function must(run: Measurement): Measurement {
  if (run.status !== 0) throw new Error(`a measured program failed: ${run.stderr}`);
  return run;
}

try {
  const checkpoint = file('eed64.pth');
  must(measure(PYTHON, [join(root, 'fixtures', 'make.py'), '--checkpoint', 'eed', checkpoint]));
  const size = statSync(checkpoint).size / 1e6;
  const bare = must(measureNode(['-e', '0']));
  const nmode: Measurement[] = [];
  const torch: Measurement[] = [];
  const argumentsOf = (name: string) => [
    'export',
    checkpoint,
    '-o',
    file(name),
    '--decoder',
    'eed',
    '--activation',
    'gelu',
  ];
  for (let run = 0; run < RUNS; run++) {
    nmode.push(must(measureNode([main, ...argumentsOf(`${run % 2}.onnx`)])));
    torch.push(
      must(measure(PYTHON, [join(root, 'bench', 'torch_export.py'), checkpoint, file('torch.onnx')])),
    );
  }
  const figures = (runs: readonly Measurement[]) => {
    const time = median(runs.map((run) => run.milliseconds));
    return {
      time,
      peak: median(runs.map((run) => run.peakMb)),
      slowest: Math.max(...runs.map((run) => run.milliseconds)),
    };
  };
  const [ours, theirs] = [figures(nmode), figures(torch)];
  const row = (name: string, { time, slowest, peak }: typeof ours) => [
    name,
    `${time.toFixed(0)} ms`,
    `${slowest.toFixed(0)} ms`,
    `${peak.toFixed(0)} MB`,
  ];
  const above = ours.peak - bare.peakMb;
  const same = Buffer.compare(readFileSync(file('0.onnx')), readFileSync(file('1.onnx'))) === 0;
  print(
    table(
      ['export', 'median', 'slowest', 'peak memory'],
      [row('nmode', ours), row('torch.onnx.export', theirs)],
    ),
  );
  print(
    fields([
      ['checkpoint', `${size.toFixed(1)} MB, ${RUNS} runs each`],
      ['time ratio', `${(ours.time / theirs.time).toFixed(3)} of PyTorch's`],
      ['memory ratio', `${(ours.peak / theirs.peak).toFixed(3)} of PyTorch's`],
      ['above bare node', `${above.toFixed(0)} MB = ${(above / size).toFixed(2)} x the checkpoint`],
      ['two exports', same ? 'are the same bytes' : 'DIFFER'],
    ]),
  );
} finally {
  rmSync(folder, { recursive: true });
}
