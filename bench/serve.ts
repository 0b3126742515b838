/**
 * `npm run bench:serve`: requests a second of `nmode serve` (w = 16, 256 x 256, binary tensors, 8 clients of another process)
 * beside a bare loop of session.run with the same workers and threads, and the 99th percentile at a low load with and without
 * batching; in interleaved rounds, each of a server that has been warmed up.
 */
import { join } from 'node:path';
import { exportModel } from '../src/api/export.js';
import type { LoadTestReport } from '../src/api/loadtest.js';
import { print, table } from '../src/cli/output/print.js';
import type { BenchReport } from '../src/measuring/bench-figures.js';
import { median } from '../src/measuring/percentile.js';
import { inFolder, root } from './networks.js';
import { run, serving } from './serving.js';

const [ROUNDS, WORKERS, SHARE] = [5, 2, 0.85];
const [LOW_RATE, LOW_SECONDS, ALLOWED] = [10, 20, 1.2];

await inFolder(async (file) => {
  const checkpoint = join(root, 'fixtures/trained/unet-eed-w16-isic2018.pth');
  const told = { checkpoint, decoder: 'eed', activation: 'gelu' } as const;
  const [fixed, open] = [file('eed.onnx'), file('open.onnx')];
  await exportModel({ ...told, output: fixed });
  await exportModel({ ...told, output: open, size: {} });
  const flags = ['--workers', String(WORKERS), '--threads', '1'];
  const [bare, served]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const busy = ['--scenario', 'offline', '--runs', '400'];
    bare.push(run<BenchReport>('bench', fixed, ...flags, ...busy).models[0]?.throughput ?? Number.NaN);
    await serving(fixed, flags, async ({ url }) => {
      const load = () => run<LoadTestReport>('loadtest', url, '--clients', '8', '--duration', '6');
      load();
      served.push(load().throughput);
    });
  }
  const share = median(served) / median(bare);
  const rates = (values: readonly number[]) => values.map((value) => value.toFixed(1)).join(', ');
  print(
    table(
      ['what', 'images a second', 'median'],
      [
        ['session.run', rates(bare), median(bare).toFixed(1)],
        ['nmode serve', rates(served), median(served).toFixed(1)],
      ],
    ),
  );
  print(`share ${share.toFixed(3)} (${SHARE} is asked for)\n`);
  const low = (...more: string[]) =>
    serving(open, [...flags, ...more], async ({ url }) =>
      run<LoadTestReport>('loadtest', url, '--rate', String(LOW_RATE), '--duration', String(LOW_SECONDS)),
    );
  const [alone, batched]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push((await low()).latency.p99);
    batched.push((await low('--max-batch', '8', '--max-delay-ms', '20')).latency.p99);
  }
  print(
    table(
      [`${LOW_RATE} requests a second`, 'p99, ms', 'median'],
      [
        ['no batches', rates(alone), median(alone).toFixed(1)],
        ['batches of 8', rates(batched), median(batched).toFixed(1)],
      ],
    ),
  );
  const ratio = median(batched) / median(alone);
  print(`p99 ratio ${ratio.toFixed(2)} (${ALLOWED} is allowed)`);
  process.exitCode = share >= SHARE && ratio <= ALLOWED ? 0 : 1;
});
