/**
 * `npm run bench:overload`: a server that is sent four times what it can do for a minute: how those fare that it accepts and
 * those that it refuses, what it holds, and how fast the first request afterwards is.
 */
import { join } from 'node:path';
import { print, table } from '../src/cli/print.js';
import { exportModel } from '../src/export.js';
import type { LoadTestReport } from '../src/loadtest.js';
import { inFolder, root } from './networks.js';
import { memoryOf, run, serving } from './serving.js';

const [SECONDS, TIMES, DEADLINE] = [60, 4, 2000];
const WARM_UP = 10;

await inFolder(async (file) => {
  const checkpoint = join(root, 'fixtures/trained/unet-eed-w16-isic2018.pth');
  const model = file('eed.onnx');
  await exportModel({ checkpoint, output: model, decoder: 'eed', activation: 'gelu' });
  await serving(model, ['--deadline-ms', String(DEADLINE)], async (url) => {
    const load = (...args: string[]) => run<LoadTestReport>('loadtest', url, ...args);
    const single = () => load('--clients', '1', '--duration', '3').latency.p50;
    const sustained = load('--clients', '8', '--duration', '10').throughput;
    const latencyBefore = single();
    const much = (seconds: number) =>
      load('--rate', String(Math.ceil(TIMES * sustained)), '--duration', String(seconds));
    // Its queue fills once, and keeps the memory that it took.
    much(WARM_UP);
    const before = { latency: latencyBefore, memory: await memoryOf(url) };
    const overload = much(SECONDS);
    const after = { latency: single(), memory: await memoryOf(url) };
    const { latency, answered, errors } = overload;
    const refused = errors['503'] ?? { count: 0, p99: 0 };
    const others = Object.entries(errors).filter(([what]) => what !== '503');
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    print(
      table(
        ['what', 'requests', 'p50', 'p99'],
        [
          ['accepted', String(answered), ms(latency.p50), ms(latency.p99)],
          ['refused (503)', String(refused.count), '', ms(refused.p99)],
          ...others.map(([what, { count, p99 }]) => [what, String(count), '', ms(p99)]),
        ],
      ),
    );
    print(
      `sustained ${sustained.toFixed(1)} a second, sent ${overload.load} a second for ${SECONDS} s, deadline ${DEADLINE} ms`,
    );
    print(
      `memory ${(before.memory / 1e6).toFixed(0)} MB after the first ${WARM_UP} s of it, ${(after.memory / 1e6).toFixed(0)} MB after all`,
    );
    print(`one client: median ${ms(before.latency)} before, ${ms(after.latency)} after`);
    const fine = latency.p99 <= DEADLINE && others.length === 0 && after.memory <= 1.1 * before.memory;
    process.exitCode = fine ? 0 : 1;
  });
});
