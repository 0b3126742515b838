import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { fixture } from '../support/fixtures.js';
import { main, nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-interruption-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

/** Seconds that a process has computed for, of all its threads. */
function computed(pid: number): number {
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}

(process.platform === 'linux' ? it.each : it.skip.each)(['SIGINT', 'SIGTERM'] as const)(
  '%s ends predict in the middle of a run of many seconds, and leaves nothing',
  async (name) => {
    const [model, image, output] = [file('model.onnx'), file('large.jpg'), file('masks')];
    const checkpoint = fixture('trained', 'unet-eed-w16-isic2018.pth');
    const told = ['--decoder', 'eed', '--activation', 'gelu', '--native-size'];
    expect(nmode('export', checkpoint, '-o', model, ...told).status).toBe(0);
    await sharp(fixture('images', 'ISIC_0000082.jpg')).resize(3072, 2304).jpeg().toFile(image);
    const args = ['predict', model, image, '-o', output, '--memory-budget', '100000', '--threads', '1'];
    const child = spawn(process.execPath, [main, ...args]);
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    const ended = once(child, 'exit');
    // Loading the model and reading the image takes less.
    while (computed(child.pid ?? 0) < 2) await setTimeout(20);
    child.kill(name);
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(Buffer.concat(stderr).toString()).toBe('nmode: interrupted\n');
    expect(existsSync(output) ? readdirSync(output) : []).toEqual([]);
  },
);
