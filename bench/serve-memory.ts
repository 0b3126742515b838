/** `npm run bench:serve-memory`: what a server holds while it answers 10,000 requests: tensors and photographs of many sizes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { exportModel } from '../src/api/export.js';
import { print, table } from '../src/cli/output/print.js';
import { inFolder, root } from './networks.js';
import { memoryOf, serving } from './serving.js';

const [REQUESTS, AT_A_TIME, SAMPLES, ALLOWED] = [10_000, 8, 10, 1.1];
const SIDES = [16, 32, 48, 64, 96, 128] as const;
const SIZES = [
  [33, 57],
  [320, 240],
  [512, 512],
  [640, 480],
  [1024, 768],
] as const;

await inFolder(async (file) => {
  const checkpoint = join(root, 'fixtures/trained/unet-eed-w16-isic2018.pth');
  const told = { checkpoint, decoder: 'eed', activation: 'gelu' } as const;
  // Small networks: it is the server that is measured.
  const size = { batch: 1, height: 64, width: 64 };
  await exportModel({ ...told, output: file('open.onnx'), size: {} });
  await exportModel({ ...told, output: file('image.onnx'), size });
  const photograph = await readFile(join(root, 'fixtures/images/ISIC_0000082.jpg'));
  const images = await Promise.all(
    SIZES.map(([width, height]) =>
      sharp(photograph).resize(width, height, { fit: 'fill' }).jpeg().toBuffer(),
    ),
  );
  await serving(file('open.onnx'), [`image=${file('image.onnx')}`], async ({ url, pid }) => {
    const one = async (i: number) => {
      const image = images[i % images.length];
      const side = SIDES[i % SIDES.length] ?? 16;
      const count = 3 * side * side;
      const input = {
        name: 'input',
        shape: [1, 3, side, side],
        datatype: 'FP32',
        parameters: { binary_data_size: 4 * count },
      };
      const json = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
      const response =
        i % 2 === 0 && image !== undefined
          ? await fetch(`${url}/v1/models/image/segment`, {
              method: 'POST',
              body: new Uint8Array(image),
              headers: { accept: i % 4 === 0 ? 'image/png' : 'application/json' },
            })
          : await fetch(`${url}/v2/models/open/infer`, {
              method: 'POST',
              headers: { 'inference-header-content-length': String(json.length) },
              body: new Uint8Array(Buffer.concat([json, Buffer.alloc(4 * count)])),
            });
      if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
    };
    const rows: string[][] = [];
    const held: number[] = [];
    let next = 0;
    for (let sample = 1; sample <= SAMPLES; sample++) {
      const end = (REQUESTS * sample) / SAMPLES;
      const loop = async () => {
        while (next < end) await one(next++);
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, loop));
      held.push(memoryOf(pid).held);
      rows.push([String(end), `${((held.at(-1) ?? 0) / 1e6).toFixed(0)} MB`]);
    }
    print(table(['requests', 'memory'], rows));
    const ratio = (held.at(-1) ?? Number.NaN) / (held[0] ?? Number.NaN);
    print(`last to first ${ratio.toFixed(2)} (${ALLOWED} is allowed)`);
    process.exitCode = ratio <= ALLOWED ? 0 : 1;
  });
});
