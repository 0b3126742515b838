/**
 * `npm run bench:slim`: `nmode slim` as a whole, from the images to the file that is proven, beside the training alone in PyTorch: the
 * same images, steps, batches, crops and views, features cached in half precision, too. Fresh processes, in turn:
 *
 *     npm run bench:slim -- [--checkpoint teacher.pth] [--images FOLDER] [--pairs 3] [--threads 2] [--raised]
 *
 * The checkpoint is of a U-Net of the release with its own decoder. PyTorch is Debian's python3-torch; with `--raised` it has the thresholds
 * raised from which glibc gives memory back, which spares it most page faults. What PyTorch does not do: search for near-duplicates, write and
 * prove a model, measure latencies, match areas, and hold an int8 model beside the two. On a machine that others use, the CPU time tells more
 * than the time that passed.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RELEASE_SIDE } from '../graph/recipe/recipe.js';
import { print, table } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { FITTING } from '../src/slimming/defaults.js';
import { inFolder, root } from './networks.js';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: join(root, 'fixtures', 'slim', 'teacher.pth') },
    images: { type: 'string', default: join(root, 'fixtures', 'slim', 'images') },
    pairs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: String(FITTING.steps) },
    raised: { type: 'boolean', default: false },
  },
});
const [threads, steps] = [Number(values.threads), Number(values.steps)];
const peak = fileURLToPath(new URL('./print-peak.js', import.meta.url));
const command = join(root, 'dist/src/cli/main.js');
const RAISED = String(2 ** 30);

/** Of one process. */
interface Figures {
  readonly seconds: number;
  /** Seconds of all its threads. */
  readonly cpu: number;
  /** MB. */
  readonly peak: number;
  /** With the teacher, on the images that chose nothing. */
  readonly agreement: number;
}

function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  const [, kibibytes = 'NaN'] = /VmHWM (\d+)/.exec(stderr) ?? [];
  const [, cpu = 'NaN'] = /CPU ([\d.]+)/.exec(stderr) ?? [];
  return {
    seconds: (performance.now() - start) / 1000,
    cpu: Number(cpu),
    peak: (Number(kibibytes) * 1024) / 1e6,
    printed: JSON.parse(stdout),
  };
}

function ofNmode(output: string): Figures & { readonly images: object } {
  const flags = ['--steps', String(steps), '--threads', String(threads), '--recipe', 'release'];
  const { printed, ...figures } = run(process.execPath, [
    ...['--import', peak, command, 'slim', values.checkpoint, '--images', values.images],
    ...['-o', output, ...flags, '--force', '--json'],
  ]);
  return { ...figures, agreement: printed.student.agreement.mean, images: printed.images };
}

function ofPyTorch(images: object): Figures {
  const settings = {
    ...{ checkpoint: values.checkpoint, images: values.images, threads, steps, seed: 0 },
    ...{
      batch: FITTING.batch,
      rate: FITTING.rate,
      weightDecay: FITTING.weightDecay,
      lookEvery: FITTING.lookEvery,
    },
    ...{ fixed: FITTING.runningShare, views: FITTING.views, crop: RELEASE_SIDE / 2 },
    ...images,
  };
  const { printed, ...figures } = run(
    '/usr/bin/python3',
    [join(root, 'bench/torch_slim.py'), JSON.stringify(settings)],
    values.raised ? { MALLOC_MMAP_THRESHOLD_: RAISED, MALLOC_TRIM_THRESHOLD_: RAISED } : {},
  );
  return { ...figures, agreement: printed.agreement };
}

await inFolder(async (file) => {
  const pairs = Array.from({ length: Number(values.pairs) }, (_, pair) => {
    const { images, ...own } = ofNmode(file(`${pair}.onnx`));
    return [own, ofPyTorch(images)] as const;
  });
  const rows = pairs.flatMap(([own, torch], pair) =>
    [
      { name: 'nmode slim', ...own },
      { name: 'PyTorch', ...torch },
    ].map(({ name, seconds, cpu, peak, agreement }) => [
      String(pair + 1),
      name,
      `${seconds.toFixed(1)} s`,
      `${cpu.toFixed(1)} s`,
      `${peak.toFixed(0)} MB`,
      agreement.toFixed(4),
    ]),
  );
  const images = readdirSync(values.images).length;
  print(`${steps} steps, ${images} files, ${threads} threads`);
  print(table(['pair', '', 'time', 'CPU time', 'peak memory', 'agreement'], rows));
  const ratio = (of: 'seconds' | 'cpu') =>
    median(pairs.map(([own, torch]) => own[of] / torch[of])).toFixed(2);
  print(
    `nmode slim takes ${ratio('seconds')} of PyTorch's time and ${ratio('cpu')} of its CPU time (medians of ${pairs.length} pairs)`,
  );
});
