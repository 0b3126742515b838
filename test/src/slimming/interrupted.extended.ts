import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from '@jest/globals';
import { StateFile } from '../../../src/slimming/fitting/state.js';
import { root } from '../../support/fixtures.js';
import { main, nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-interrupted-'));
const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const output = join(folder, 'slim.onnx');
const [state, lock] = [`${output}.state.safetensors`, `${output}.lock`];
const args = [
  ...['slim', join(root, 'fixtures/release/unet_original.pth'), '--images', join(root, 'fixtures/images')],
  ...['--size', '64x64', '--hold-out', '0.3', '--no-augment', '--no-int8', '--threads', '1'],
  ...['--steps', '500000', '-o', output],
];

function start(...more: string[]): ChildProcess {
  const child = spawn(process.execPath, [main, ...args, ...more], { stdio: 'ignore' });
  running.push(child);
  return child;
}

const writtenAt = () => (existsSync(state) ? statSync(state).mtimeMs : 0);

/** Waits until the state is written again, which it is while a training runs. */
async function written(since: number): Promise<void> {
  const end = performance.now() + 150_000;
  while (writtenAt() <= since && performance.now() < end) await sleep(200);
  expect(writtenAt()).toBeGreaterThan(since);
}

it('keeps its state while it runs, for one that is killed, and at once where Ctrl-C ends it', async () => {
  const killed = start();
  await written(0);
  // Two processes are not at one training.
  const second = nmode(...args);
  expect(second).toMatchObject({ status: 2, stderr: expect.stringContaining(`process ${killed.pid} on `) });
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  expect([existsSync(state), existsSync(lock), existsSync(output)]).toEqual([true, true, false]);
  const before = writtenAt();
  const interrupted = start('--resume');
  await written(before);
  const last = writtenAt();
  interrupted.kill('SIGINT');
  const [code, signal] = await once(interrupted, 'exit');
  expect(code ?? signal).toEqual(code === null ? 'SIGINT' : 130);
  expect(writtenAt()).toBeGreaterThan(last);
  expect([existsSync(lock), existsSync(output)]).toEqual([false, false]);
  // Of another training, it is refused.
  const other = nmode(...args, '--resume', '--seed', '5');
  expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining('whose seed is 0') });
  expect(StateFile.beside(output, {}).path).toBe(state);
}, 600_000);
