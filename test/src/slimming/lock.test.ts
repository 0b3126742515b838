import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { locked } from '../../../src/slimming/lock.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'slim.onnx.lock');

it('refuses a second one while the first is at it, and frees it for the next', async () => {
  await locked(path, async () => {
    await expect(locked(path, async () => 1)).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()} is running this training`),
    });
  });
  expect(existsSync(path)).toBe(false);
  expect(await locked(path, async () => 2)).toBe(2);
});

it('is free again where the work fails', async () => {
  await expect(locked(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});

it('takes over what a killed process left, and what is half written', async () => {
  // Beyond the numbers that processes have.
  writeFileSync(path, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
  expect(await locked(path, async () => 3)).toBe(3);
  writeFileSync(path, '{"pi');
  expect(await locked(path, async () => 4)).toBe(4);
});

it('leaves that of another machine, of which nobody here knows', async () => {
  writeFileSync(path, JSON.stringify({ pid: 1, host: `not-${hostname()}` }));
  await expect(locked(path, async () => 5)).rejects.toMatchObject({ code: 'BAD_USAGE' });
});
