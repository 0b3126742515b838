import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-winograd-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);
const [one, plain] = [out('one'), out('plain.onnx')];
beforeAll(() => {
  mkdirSync(one);
  copyFileSync(join(fixture('images'), 'ISIC_0000082.jpg'), join(one, 'ISIC_0000082.jpg'));
  const told = ['--decoder', 'eed', '--activation', 'gelu', '--optimize', 'none'];
  const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
  expect(nmode('export', trained, '-o', plain, ...told)).toMatchObject({ status: 0, stderr: '' });
});

const optimized = (name: string, ...flags: string[]) =>
  nmode('optimize', plain, '-o', out(name), ...flags, '--json');

it("a model in Winograd's form stays in float32; one that took none is not said to be in it", () => {
  const inForm = optimized('wasm.onnx', '--optimize', 'latency', '--target', 'wasm');
  expect(JSON.parse(inForm.stdout).changes.Winograd).toBeGreaterThan(0);
  const args = ['--precision', 'int8', '--calibrate', one];
  const refused = nmode('optimize', out('wasm.onnx'), '-o', out('no.onnx'), ...args);
  expect(refused).toMatchObject({ status: 3, stderr: expect.stringMatching(/^nmode: .*Winograd.*\n$/) });
  const without = optimized('webgpu.onnx', '--optimize', 'latency', '--target', 'webgpu');
  expect(JSON.parse(without.stdout).changes.Winograd).toBeUndefined();
  expect(nmode('optimize', out('webgpu.onnx'), '-o', out('yes.onnx'), ...args).status).toBe(0);
});
