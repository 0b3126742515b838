/**
 * `npm run bench:throughput`: `predict` on a folder of 200 photographs (512 x 512 JPEG) beside a bare loop of onnxruntime's
 * `session.run` on a ready tensor; w = 64, or the width that is given. Interleaved rounds. Both are timed from when the
 * model is loaded; the ratio with loading counted to `predict` is told as well.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usableCores } from '../runtime/node/sessions/limits.js';
import { openNative } from '../runtime/node/sessions/native.js';
import { parseProvider } from '../runtime/node/sessions/providers.js';
import { probeInput } from '../runtime/sessions/probe.js';
import { predict } from '../src/api/predict.js';
import { fields, print } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
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
  const running: number[] = [];
  const whole: number[] = [];
  const perSecond = (start: number) => (1000 * IMAGES) / (performance.now() - start);
  for (let round = 0; round < ROUNDS; round++) {
    const session = await openNative(readFileSync(file('eed.onnx')), options);
    const feeds = Object.fromEntries(session.inputs.map((port) => [port.name, probeInput(port)]));
    await session.run(feeds);
    const start = performance.now();
    for (let i = 0; i < IMAGES; i++) await session.run(feeds);
    bare.push(perSecond(start));
    await session.release();

    const called = performance.now();
    let loaded = called;
    const { predictions } = await predict({
      model: file('eed.onnx'),
      images: [file('images')],
      output: file(`out${round}`),
      onProgress: (done) => {
        if (done === 0) loaded = performance.now();
      },
    });
    if (predictions.length !== IMAGES) throw new Error(`${predictions.length} of ${IMAGES} images`);
    running.push(perSecond(loaded));
    whole.push(perSecond(called));
  }
  const ratio = (values: readonly number[]) =>
    median(values.map((value, round) => value / (bare[round] ?? 1)));
  const listed = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(', ');
  print(
    fields([
      ['network', `EED, w = ${width}, 256 x 256, ${threads} threads`],
      ['bare loop', `${listed(bare)} images/s`],
      ['predict', `${listed(running)} images/s`],
      ['ratio', `${ratio(running).toFixed(3)} (median; ${REQUIRED} is required at w = 64)`],
      ['with loading', `${listed(whole)} images/s: ${ratio(whole).toFixed(3)}`],
    ]),
  );
  process.exitCode = ratio(running) >= REQUIRED ? 0 : 1;
});
