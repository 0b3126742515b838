import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { fixture, root } from '../support/fixtures.js';
import { main } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-privacy-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('onnxruntime counts and sends nothing: it keeps no store of events, nor a log, of what is run', () => {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  for (const each of [home, temporary]) mkdirSync(each);
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...rest } = process.env;
  const env = { ...rest, HOME: home, TMPDIR: temporary };
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { cwd: root, env, encoding: 'utf8' }).status;
  const model = join(folder, 'model.onnx');
  const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
  expect(run('export', trained, '-o', model, '--decoder', 'eed', '--activation', 'gelu')).toBe(0);
  expect(run('bench', model, '--runs', '2')).toBe(0);
  expect([readdirSync(home), readdirSync(temporary)]).toEqual([[], []]);
});
