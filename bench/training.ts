/**
 * `npm run bench:training`: a step of the training of an EED decoder (w = 16, 256 x 256, batch 8, features in half precision) beside
 * PyTorch's: as people run it, and with the thresholds raised from which glibc gives memory back, which spares it most page faults. Fresh
 * processes, in turn:
 *
 *     npm run bench:training -- [--pairs 5] [--steps 10] [--threads 2]
 *
 * PyTorch is Debian's python3-torch. On a machine that others use, the CPU time of `--threads 1` tells more than the time that passed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { print } from '../src/cli/output/print.js';
import { median } from '../src/measuring/percentile.js';
import { root } from './networks.js';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    steps: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
  },
});
const own = fileURLToPath(new URL('./training-child.js', import.meta.url));
const peak = fileURLToPath(new URL('./print-peak.js', import.meta.url));
const torch = join(root, 'bench/torch_training.py');
const RAISED = String(2 ** 30);

const CONTESTANTS = [
  { name: 'nmode', command: [process.execPath, '--import', peak, own], environment: {} },
  { name: 'PyTorch', command: ['/usr/bin/python3', torch], environment: {} },
  {
    name: 'PyTorch, thresholds raised',
    command: ['/usr/bin/python3', torch],
    environment: { MALLOC_MMAP_THRESHOLD_: RAISED, MALLOC_TRIM_THRESHOLD_: RAISED },
  },
] as const;

/** Of one process: medians of its steps, in milliseconds, and its peak memory, in MB. */
interface Figures {
  readonly milliseconds: number;
  readonly cpu: number;
  readonly peak: number;
}

function run({ name, command, environment }: (typeof CONTESTANTS)[number]): Figures {
  const [program, ...args] = command;
  const { stdout, stderr, status } = spawnSync(program, [...args, values.threads, values.steps], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  const [, kibibytes = 'NaN'] = /VmHWM (\d+)/.exec(stderr) ?? [];
  return { ...JSON.parse(stdout), peak: (Number(kibibytes) * 1024) / 1e6 };
}

const rounds = Array.from({ length: Number(values.pairs) }, () => CONTESTANTS.map(run));
for (const [index, { name }] of CONTESTANTS.entries()) {
  const of = (key: keyof Figures, show: (figure: number) => string) =>
    rounds.map((figures) => show(figures[index]?.[key] ?? Number.NaN)).join(' ');
  const ratio = (key: keyof Figures) =>
    median(
      rounds.map((figures) => (figures[0]?.[key] ?? Number.NaN) / (figures[index]?.[key] ?? Number.NaN)),
    );
  const whole = (figure: number) => figure.toFixed(0);
  print(name);
  print(`  ms a step      ${of('milliseconds', whole)}    nmode to it ${ratio('milliseconds').toFixed(2)}`);
  print(`  CPU ms a step  ${of('cpu', whole)}    nmode to it ${ratio('cpu').toFixed(2)}`);
  print(`  peak MB        ${of('peak', whole)}`);
}
