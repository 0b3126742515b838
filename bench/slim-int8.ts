/**
 * `npm run bench:slim-int8`: the U-Net of the release (w = 64) with its own decoder, as PyTorch exports it, beside the same encoder with an EED
 * decoder in int8, which `nmode slim` and `nmode optimize` make of it; fresh weights, for latency alone:
 *
 *     npm run bench:slim-int8 -- [--runs 24] [--threads 2]
 *
 * PyTorch is Debian's python3-torch.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bench } from '../src/api/bench.js';
import { exportModel } from '../src/api/export.js';
import { print, table } from '../src/cli/output/print.js';
import { inFolder, root } from './networks.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '24' }, threads: { type: 'string', default: '2' } },
});
const PROGRAM = join(root, 'bench/torch_backbone.py');

/** PyTorch's export of a network of fresh weights, and its checkpoint. */
function make(decoder: 'original' | 'eed', checkpoint: string, model: string): void {
  const { status, stderr } = spawnSync('/usr/bin/python3', [PROGRAM, 'unet', decoder, checkpoint, model], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

await inFolder(async (file) => {
  make('original', file('teacher.pth'), file('teacher as PyTorch exports it.onnx'));
  make('eed', file('student.pth'), file('unused.onnx'));
  const student = { checkpoint: file('student.pth'), decoder: 'eed', activation: 'gelu' } as const;
  await exportModel({ checkpoint: file('teacher.pth'), output: file('teacher.onnx') });
  await exportModel({ ...student, output: file('student.onnx') });
  // Fresh weights have no masks to agree on.
  const integers = { precision: 'int8', calibrate: join(root, 'fixtures', 'images'), force: true } as const;
  await exportModel({ ...student, output: file('student, int8.onnx'), ...integers });
  const names = ['teacher as PyTorch exports it', 'teacher', 'student', 'student, int8'];
  const { models } = await bench({
    models: names.map((name) => file(`${name}.onnx`)),
    runs: Number(values.runs),
    threads: Number(values.threads),
  });
  const rows = models.map(({ p50, ratioToFirst, bytes }, index) => [
    names[index] ?? '',
    `${p50.toFixed(1)} ms`,
    ratioToFirst.toFixed(3),
    `${(bytes / 1e6).toFixed(1)} MB`,
  ]);
  print(table(['', 'median', 'ratio', 'file'], rows));
});
