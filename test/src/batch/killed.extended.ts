import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, it } from '@jest/globals';
import { Random } from '../../fuzz/random.js';
import { contentsOf, writeImages } from '../../support/batch.js';
import { main, nmode } from '../../support/nmode.js';
import { TINY } from '../../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-killed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);

const random = new Random('killed');
const [IMAGES, KILLS] = [300, 12];

const args = (output: string) => [
  ...['predict', at('model.onnx'), at('images'), '--shard', '1/2', '-o', at(output), '--recipe', 'unit'],
  ...['--overlay', '--probabilities', 'npy'],
];

it('a shard that is killed at any moments and run again has the files of one that was left alone', async () => {
  writeFileSync(at('model.onnx'), TINY.sound());
  await writeImages(
    at('images'),
    Array.from({ length: IMAGES }, (_, index) => `image ${index}`),
  );
  expect(nmode(...args('single')).stderr).toBe('');
  let killed = 0;
  for (let kills = 0; kills < KILLS; kills++) {
    const child = spawn(process.execPath, [main, ...args('killed')], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    // In the middle of the work, which a moment of the clock alone would often miss.
    const begun = readdirSync(folder).includes('killed') ? readdirSync(at('killed')).length : 0;
    const more = random.below(25);
    while (child.exitCode === null) {
      const now = readdirSync(folder).includes('killed') ? readdirSync(at('killed')).length : 0;
      if (now > begun + more) break;
      await setTimeout(random.below(5));
    }
    child.kill('SIGKILL');
    const [, signal] = await ended;
    if (signal === 'SIGKILL') killed++;
  }
  expect(killed).toBeGreaterThan(KILLS / 2);
  const last = nmode(...args('killed'), '--json');
  const { shard } = JSON.parse(last.stdout);
  expect(shard.resumed).toBeGreaterThan(0);
  expect(contentsOf(at('killed'))).toEqual(contentsOf(at('single')));
});
