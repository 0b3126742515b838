/**
 * `npm run bench:memory`: resident memory over 2,000 segmentations of photographs of mixed sizes, and over 100 times
 * loading and closing a model.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { Segmenter } from '../runtime/node/segmenter.js';
import { exportModel } from '../src/api/export.js';
import { fields, print, table } from '../src/cli/output/print.js';
import { inFolder, root } from './networks.js';

const [RUNS, BASE, LOADS, ALLOWED] = [2000, 200, 100, 1.1];
const SIZES = [
  [96, 128],
  [512, 512],
  [300, 800],
  [1024, 768],
  [640, 481],
  [1600, 1200],
  [33, 57],
] as const;

const residentMb = () => process.memoryUsage.rss() / 1e6;

await inFolder(async (file) => {
  const checkpoint = join(root, 'fixtures', 'trained', 'unet-eed-w16-isic2018.pth');
  const told = { checkpoint, decoder: 'eed', activation: 'gelu' } as const;
  await exportModel({ ...told, output: file('resized.onnx') });
  await exportModel({ ...told, output: file('native.onnx'), nativeSize: true });
  const photograph = join(root, 'fixtures', 'images', 'ISIC_0000082.jpg');
  const images = await Promise.all(
    SIZES.map(([width, height]) =>
      sharp(photograph).resize(width, height, { fit: 'fill' }).jpeg().toBuffer(),
    ),
  );
  const rows: string[][] = [];
  let worst = 0;
  for (const name of ['resized', 'native']) {
    const segmenter = await Segmenter.load(file(`${name}.onnx`));
    const sources = Array.from({ length: RUNS }, (_, i) => images[i % images.length] ?? new Uint8Array());
    const at = new Map<number, number>();
    let done = 0;
    for await (const result of segmenter.segmentAll(sources)) {
      if ('error' in result) throw result.error;
      done++;
      if (done % BASE === 0) at.set(done, residentMb());
    }
    await segmenter.close();
    const [base, last] = [at.get(BASE) ?? Number.NaN, at.get(RUNS) ?? Number.NaN];
    worst = Math.max(worst, last / base);
    rows.push([
      name,
      base.toFixed(0),
      Math.max(...at.values()).toFixed(0),
      last.toFixed(0),
      (last / base).toFixed(3),
    ]);
  }
  print(table(['recipe', `MB after ${BASE}`, 'most MB', `MB after ${RUNS}`, 'ratio'], rows));

  const loads: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    const segmenter = await Segmenter.load(file('resized.onnx'));
    await segmenter.segment(photograph);
    await segmenter.close();
    loads.push(residentMb());
  }
  const [early, late] = [loads[LOADS / 5 - 1] ?? Number.NaN, loads.at(-1) ?? Number.NaN];
  worst = Math.max(worst, late / early);
  print(
    fields([
      [
        'loads',
        `${early.toFixed(0)} MB after ${LOADS / 5}, ${late.toFixed(0)} MB after ${LOADS}: ${(late / early).toFixed(3)}`,
      ],
      ['allowed', `${ALLOWED}`],
    ]),
  );
  process.exitCode = worst <= ALLOWED ? 0 : 1;
});
