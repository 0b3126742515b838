/**
 * `npm run bench:wasm`: the networks of w = 64 in Chromium on WebAssembly, two threads, in turn: as they were trained, rewritten for
 * it, and on integers. PyTorch's own export stands in the first line where a folder of them is given:
 *
 *     npm run bench:wasm -- FOLDER    # eed.onnx, hd.onnx and lmd.onnx
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from '../graph/file/write.js';
import { optimize } from '../graph/passes/optimize.js';
import { RELEASE_SIDE } from '../graph/recipe/recipe.js';
import { print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { BUNDLED_IMAGES } from '../src/transform/calibration-inputs.js';
import { transform } from '../src/transform/transform.js';
import { inChromium } from './in-chromium.js';
import { seededNetwork } from './networks.js';

const ROUNDS = 7;
const [, , folder = ''] = process.argv;
const side = RELEASE_SIDE;

for (const decoder of ['eed', 'hd', 'lmd'] as const) {
  const plain = seededNetwork(decoder, 64);
  const latency = optimize(plain, { level: 'latency', target: 'wasm' }).model;
  // Seeded weights know no images: the speed is what is looked at.
  const { model: integers } = await transform(plain, decoder, {
    target: 'wasm',
    precision: 'int8',
    calibrate: BUNDLED_IMAGES,
    maxDscDrop: 1,
  });
  const theirs = join(folder, `${decoder}.onnx`);
  const first: readonly [string, Uint8Array] = existsSync(theirs)
    ? ["PyTorch's export", readFileSync(theirs)]
    : ['as trained', encodeModel(plain)];
  const models: readonly (readonly [string, Uint8Array])[] = [
    first,
    ['latency', encodeModel(latency)],
    ['int8', encodeModel(integers)],
  ];
  const runs = await inChromium(
    models.map(([, bytes]) => bytes),
    { rounds: ROUNDS, dims: [1, 3, side, side] },
  );
  const rows = runs.map(({ load, times, difference }, at) => {
    const ratios = times.map((time, round) => time / (runs[0]?.times[round] ?? Number.NaN));
    return [
      models[at]?.[0] ?? '',
      `${median(times).toFixed(0)} ms`,
      median(ratios).toFixed(3),
      `${load.toFixed(0)} ms`,
      difference.toExponential(1),
    ];
  });
  print(`${table([decoder, 'median', 'ratio', 'load', 'largest difference'], rows)}\n`);
}
