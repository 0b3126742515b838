/**
 * `npm run bench:throughput`: `nmode predict` on a folder of 200 photographs (512 x 512 JPEG), a whole process, beside a
 * bare loop of onnxruntime's `session.run` on a ready tensor; w = 64, or the width that is given. Interleaved rounds.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usableCores } from '../runtime/sessions/limits.js';
import { openNative } from '../runtime/sessions/native.js';
import { probeInput } from '../runtime/sessions/probe.js';
import { parseProvider } from '../runtime/sessions/providers.js';
import { fields, print } from '../src/cli/print.js';
import { measureNode, median } from './measure.js';
import { inFolder, root, writeEed } from './networks.js';

const [IMAGES, ROUNDS, REQUIRED] = [200, 3, 0.9];
const width = Number(process.argv[2] ?? 64);

await inFolder(async (file) => {
  writeEed(file('eed.onnx'), width);
  mkdirSync(file('images'));
  const folder = join(root, 'fixtures', 'images');
  const photographs = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  for (let i = 0; i < IMAGES; i++) {
    copyFileSync(join(folder, photographs[i % photographs.length] ?? ''), join(file('images'), `${i}.jpg`));
  }
  const threads = usableCores();
  const options = { provider: parseProvider('cpu'), graphOptimization: 'all', threads, arena: true } as const;
  const bare: number[] = [];
  const predict: number[] = [];
  const main = join(root, 'dist', 'src', 'cli', 'main.js');
  for (let round = 0; round < ROUNDS; round++) {
    const session = await openNative(readFileSync(file('eed.onnx')), options);
    const feeds = Object.fromEntries(session.inputs.map((port) => [port.name, probeInput(port)]));
    await session.run(feeds);
    const start = performance.now();
    for (let i = 0; i < IMAGES; i++) await session.run(feeds);
    bare.push((1000 * IMAGES) / (performance.now() - start));
    await session.release();
    const run = measureNode([main, 'predict', file('eed.onnx'), file('images'), '-o', file(`out${round}`)]);
    if (run.status !== 0) throw new Error(run.stderr);
    predict.push((1000 * IMAGES) / run.milliseconds);
  }
  const ratio = median(predict.map((value, round) => value / (bare[round] ?? 1)));
  const listed = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(', ');
  print(
    fields([
      ['network', `EED, w = ${width}, 256 x 256, ${threads} threads`],
      ['bare loop', `${listed(bare)} images/s`],
      ['nmode predict', `${listed(predict)} images/s, start and loading included`],
      ['ratio', `${ratio.toFixed(3)} (median; ${REQUIRED} is required at w = 64)`],
    ]),
  );
  process.exitCode = ratio >= REQUIRED ? 0 : 1;
});
