/**
 * `npm run bench:grpc`: requests a second over gRPC beside binary tensors over HTTP, of float32 of 3 x 256 x 256 (786 kB), four under
 * way, by a client in another process: of a U-Net w = 16, and of a network that costs nothing. In turn, of one server.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeModel } from '../graph/file/write.js';
import { float32Tensor } from '../graph/ir/tensor.js';
import { initializer, input } from '../graph/ir/value.js';
import { conv } from '../graph/ops/conv.js';
import { assemble } from '../graph/rewriting/assemble.js';
import { exportModel } from '../src/api/export.js';
import { print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { inFolder, root } from './networks.js';
import { serving } from './serving.js';

const client = fileURLToPath(new URL('./grpc-client.js', import.meta.url));

/** What is asked for of the ratio. */
const ASKED = { network: 0.9, nothing: 0.6 };

/** What the client measures, in requests a second, a number a round. */
export interface Rates {
  readonly http: readonly number[];
  readonly grpc: readonly number[];
}

await inFolder(async (file) => {
  const checkpoint = join(root, 'fixtures/trained/unet-eed-w16-isic2018.pth');
  await exportModel({ checkpoint, decoder: 'eed', activation: 'gelu', output: file('network.onnx') });
  const pixels = input('input', 'float32', [1, 3, 256, 256]);
  const mean = initializer('mean', float32Tensor([1, 3, 1, 1], [1 / 3, 1 / 3, 1 / 3]));
  const outputs = { mask: conv(pixels, mean) };
  const nothing = assemble({ name: 'nothing', inputs: [pixels], outputs, producerVersion: '0' });
  writeFileSync(file('nothing.onnx'), encodeModel(nothing));
  const rows: string[][] = [];
  for (const [name, asked] of Object.entries(ASKED)) {
    const flags = ['--workers', '2', '--threads', '1', '--grpc-port', '0'];
    await serving(file(`${name}.onnx`), flags, async ({ url, grpc = '' }) => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [client, url, grpc, name], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      const rates: Rates = JSON.parse(stdout);
      const ratios = rates.grpc.map((rate, round) => rate / (rates.http[round] ?? Number.NaN));
      const figures = [median(rates.http), median(rates.grpc)].map((rate) => rate.toFixed(1));
      rows.push([name, ...figures, median(ratios).toFixed(2), asked.toFixed(2)]);
    });
  }
  print(table(['model', 'HTTP, 1/s', 'gRPC, 1/s', 'ratio, median', 'asked for'], rows));
});
