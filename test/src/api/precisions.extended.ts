import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parseModel } from '../../../graph/file/read.js';
import { fixture } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';
import { trained, writeUnoptimized } from '../../support/unoptimized.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-precisions-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);

const photographs = fixture('images');
const plain = out('plain.onnx');
beforeAll(() => writeUnoptimized(plain));

const optimized = (name: string, ...flags: string[]) =>
  nmode('optimize', plain, '-o', out(name), ...flags, '--json');

it('optimize to int8: integers around every convolution but the last, within the budget, and a smaller file', () => {
  const { status, stdout } = optimized('int8.onnx', '--precision', 'int8', '--calibrate', photographs);
  expect(status).toBe(0);
  const { quantized, difference, bytes, bytesBefore } = JSON.parse(stdout);
  expect(quantized.layers.length + quantized.float.length).toBe(15);
  expect(quantized.float.length).toBeLessThanOrEqual(2);
  expect(difference.dscDrop).toBeLessThanOrEqual(0.003);
  expect(bytes).toBeLessThan(0.45 * bytesBefore);
});

it('optimize to fp16: half the file, and float32 at both ends', () => {
  const { status, stdout } = optimized('half.onnx', '--precision', 'fp16');
  expect(status).toBe(0);
  const { bytes, bytesBefore, difference } = JSON.parse(stdout);
  expect(bytes).toBeLessThan(0.52 * bytesBefore);
  expect(difference.dscDrop).toBeLessThanOrEqual(0.0005);
  const { graph } = parseModel(readFileSync(out('half.onnx')), 'half');
  expect([...graph.inputs, ...graph.outputs].map(({ type }) => type?.dtype)).toEqual(['float32', 'float32']);
});

it('export to int8 weights: a reference verifies the network before it is lowered, and that is said', () => {
  const told = ['--decoder', 'eed', '--activation', 'gelu', '--precision', 'int8-weights'];
  const reference = fixture('trained', 'unet-eed-w16-isic2018.io.safetensors');
  const args = ['export', trained, '-o', out('lowered.onnx'), ...told, '--reference', reference];
  const { status, stdout } = nmode(...args);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^verified +the network, before it was lowered to int8-weights: largest/m);
  expect(JSON.parse(nmode(...args, '--json').stdout)).toMatchObject({
    verified: { pass: true, of: 'network' },
  });
});

it('a budget that nothing meets: one line, and nothing written', () => {
  const one = out('one');
  mkdirSync(one);
  copyFileSync(join(photographs, 'ISIC_0000082.jpg'), join(one, 'ISIC_0000082.jpg'));
  const before = readdirSync(folder);
  const flags = ['--precision', 'int8', '--calibrate', one, '--max-dsc-drop', '1e-9'];
  const run = nmode('optimize', plain, '-o', out('refused.onnx'), ...flags);
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^nmode: [^\n]*DSC[^\n]*\n$/);
  expect(readdirSync(folder)).toEqual(before);
});
