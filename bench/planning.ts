/**
 * `npm run bench:planning`: what an image costs of one core, to plan a batch by: processor time (of all threads, which other load does not
 * change much) and peak memory of a process that segments 30 photographs (512 x 512 JPEG) by `predict` with one thread and one copy of the
 * model. EED with seeded weights, 256 x 256, w = 16 and 64, as it is and in int8. Each in a process of its own.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { at } from '../graph/common/at.js';
import { optimizeModel } from '../src/api/optimize.js';
import { predict } from '../src/api/predict.js';
import { print, table } from '../src/cli/output/print.js';
import { inFolder, root, writeEed } from './networks.js';

const IMAGES = 30;
const photographs = join(root, 'fixtures', 'images');

/** Of one process. */
interface Cost {
  /** Processor seconds of an image, and until the first. */
  readonly image: number;
  readonly start: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of masks and manifest, an image. */
  readonly output: number;
}

async function measure(model: string, images: string, output: string): Promise<Cost> {
  const used = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  let start = used();
  const options = { model, images: [images], output, shard: '0/1', threads: 1, workers: 1 } as const;
  await predict({
    ...options,
    onProgress: (done) => {
      if (done === 0) start = used();
    },
  });
  const image = (used() - start) / IMAGES;
  const bytes = readdirSync(output).reduce((sum, name) => sum + statSync(join(output, name)).size, 0);
  return { image, start, memory: 1024 * process.resourceUsage().maxRSS, output: bytes / IMAGES };
}

const [, , model, images, output] = process.argv;
if (model !== undefined && images !== undefined && output !== undefined) {
  process.stdout.write(JSON.stringify(await measure(model, images, output)));
} else {
  await inFolder(async (file) => {
    mkdirSync(file('images'));
    const names = readdirSync(photographs).filter((name) => name.endsWith('.jpg'));
    for (let i = 0; i < IMAGES; i++) {
      copyFileSync(join(photographs, at(names, i % names.length)), join(file('images'), `${i}.jpg`));
    }
    const rows: string[][] = [];
    for (const width of [16, 64]) {
      writeEed(file(`float32-${width}.onnx`), width);
      await optimizeModel({
        model: file(`float32-${width}.onnx`),
        output: file(`int8-${width}.onnx`),
        precision: 'int8',
        calibrate: photographs,
        // Seeded weights know no lesions: what they lose says nothing.
        maxDscDrop: 1,
        force: true,
      });
      for (const precision of ['float32', 'int8']) {
        const name = `${precision}-${width}`;
        const args = [fileURLToPath(import.meta.url), file(`${name}.onnx`), file('images'), file(name)];
        const cost: Cost = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
        rows.push([
          `w = ${width}, ${precision}`,
          `${(1000 * cost.image).toFixed(0)} ms`,
          (1 / cost.image).toFixed(1),
          `${cost.start.toFixed(1)} s`,
          `${(cost.memory / 2 ** 20).toFixed(0)} MiB`,
          `${(cost.output / 1000).toFixed(1)} kB`,
        ]);
      }
    }
    print(table(['network', 'an image', 'images/s a core', 'start', 'memory', 'output'], rows));
  });
}
