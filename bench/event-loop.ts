/**
 * `npm run bench:event-loop`: how late a 5 ms timer is while a full-width network (w = 64, 256 x 256) segments photographs
 * in the same process, beside the same timer while nothing runs.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Segmenter } from '../runtime/node/segmenter.js';
import { print, table } from '../src/cli/output/print.js';
import { inFolder, root, writeEed } from './networks.js';

const [INTERVAL, ALLOWED, IMAGES] = [5, 20, 60];

/** How late each tick of a timer is while `work` goes on, in milliseconds, sorted. */
async function lateness(work: () => Promise<unknown>): Promise<readonly number[]> {
  const late: number[] = [];
  let due = performance.now() + INTERVAL;
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - due));
    due = now + INTERVAL;
  }, INTERVAL);
  await work();
  clearInterval(timer);
  return late.sort((a, b) => a - b);
}

await inFolder(async (file) => {
  writeEed(file('eed64.onnx'), 64);
  await using first = await Segmenter.load(file('eed64.onnx'));
  await using second = await Segmenter.load(file('eed64.onnx'));
  const folder = join(root, 'fixtures', 'images');
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  const images = Array.from({ length: IMAGES }, (_, i) => join(folder, names[i % names.length] ?? ''));
  const all = async (segmenter: Segmenter) => {
    for await (const result of segmenter.segmentAll(images)) if ('error' in result) throw result.error;
  };
  const idle = await lateness(() => new Promise((resolve) => setTimeout(resolve, 3000)));
  const one = await lateness(() => all(first));
  const two = await lateness(() => Promise.all([all(first), all(second)]));
  const row = (name: string, late: readonly number[]) => {
    const at = (p: number) => `${(late[Math.floor(late.length * p)] ?? 0).toFixed(2)} ms`;
    return [name, String(late.length), at(0.5), at(0.99), `${(late.at(-1) ?? 0).toFixed(2)} ms`];
  };
  const rows = [row('nothing', idle), row('one segmenter', one), row('two segmenters', two)];
  print(table(['what runs', 'ticks', 'median late', 'p99 late', 'latest'], rows));
  const p99 = one[Math.floor(one.length * 0.99)] ?? Number.NaN;
  print(`p99 with one segmenter: ${p99.toFixed(2)} ms (${ALLOWED} ms are allowed)`);
  process.exitCode = p99 <= ALLOWED ? 0 : 1;
});
