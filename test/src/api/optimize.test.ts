import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseModel } from '../../../graph/file/read.js';
import { fixture } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';
import { trained, writeUnoptimized } from '../../support/unoptimized.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-optimize-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);

const photographs = fixture('images');
const plain = out('plain.onnx');
beforeAll(() => writeUnoptimized(plain));

const optimized = (name: string, ...flags: string[]) =>
  nmode('optimize', plain, '-o', out(name), ...flags, '--json');
const opsOf = (name: string) =>
  parseModel(readFileSync(out(name)), name).graph.nodes.map(({ opType }) => opType);

describe('nmode optimize', () => {
  it('standard: fewer nodes, the same probabilities, and a note of what was done', () => {
    const { status, stdout } = optimized('standard.onnx');
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      level: 'standard',
      precision: 'fp32',
      nodesBefore: 92,
      difference: { images: 6 },
    });
    expect(report.nodes).toBeLessThanOrEqual(0.6 * 145);
    expect(report.difference.maxAbs).toBeLessThanOrEqual(1e-5);
    expect(opsOf('standard.onnx')).not.toContain('Constant');
    const { metadata } = parseModel(readFileSync(out('standard.onnx')), 'it');
    expect(JSON.parse(metadata.get('nmode.optimized') ?? '')).toEqual({
      level: 'standard',
      precision: 'fp32',
    });
  });

  it('a second time it finds nothing to do', () => {
    const again = nmode('optimize', out('standard.onnx'), '-o', out('again.onnx'), '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ changes: {} });
  });

  it('export takes the same flags, and gives the same file', () => {
    const told = ['--decoder', 'eed', '--activation', 'gelu'];
    nmode('export', trained, '-o', out('exported.onnx'), ...told);
    expect(Buffer.compare(readFileSync(out('exported.onnx')), readFileSync(out('standard.onnx')))).toBe(0);
  });

  it('int8 weights: a quarter of the file, and no integers where it computes', () => {
    const { status, stdout } = optimized('weights.onnx', '--precision', 'int8-weights');
    expect(status).toBe(0);
    const { bytes, bytesBefore } = JSON.parse(stdout);
    expect(bytes).toBeLessThan(0.4 * bytesBefore);
    expect(opsOf('weights.onnx')).not.toContain('QuantizeLinear');
  });
});

it('export: a fixed batch, and images that are given, are compared', () => {
  const args = ['export', trained, '-o', out('four.onnx'), '--size', '64x64', '--batch', '4'];
  const few = ['--decoder', 'eed', '--activation', 'gelu', '--images', photographs];
  expect(JSON.parse(nmode(...args, ...few, '--json').stdout)).toMatchObject({
    input: [4, 3, 64, 64],
    difference: { images: 6 },
  });
  expect(nmode(...args, ...few, '--images', '/nowhere')).toMatchObject({ status: 3 });
});

describe('what is refused, with one line and nothing written', () => {
  it.each([
    ['int8 without images', ['--precision', 'int8'], 2, /--calibrate/],
    ['a folder that is not there', ['--precision', 'int8', '--calibrate', '/nowhere'], 3, /nowhere/],
    [
      'int8 with Winograd',
      ['--precision', 'int8', '--calibrate', photographs, '--optimize', 'latency'],
      2,
      /latency/,
    ],
    ['a method without int8', ['--method', 'minmax'], 2, /do not apply to fp32/],
    ['precompute alone', ['--precompute'], 2, /latency/],
    ['a budget that is no share', ['--precision', 'fp16', '--max-dsc-drop', '0x1'], 2, /from 0 to 1/],
    ['a budget for float32', ['--max-dsc-drop', '0.1'], 2, /applies only to/],
    ['a folder without a name', ['--images', ''], 2, /Expected a path/],
    [
      'precompute where nothing is transformed',
      ['--optimize', 'latency', '--target', 'webgpu', '--precompute'],
      2,
      /cpu or wasm/,
    ],
    ['a level that there is not', ['--optimize', 'much'], 2, /none, standard, latency/],
  ])('%s', (_, flags, status, message) => {
    const before = readdirSync(folder);
    const run = nmode('optimize', plain, '-o', out('refused.onnx'), ...flags);
    expect(run.status).toBe(status);
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(before);
  });

  it.each(['', '-'])("an output of the name '%s'", (name) => {
    const run = nmode('optimize', plain, '-o', name);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/^nmode: [^\n]*--output[^\n]*Expected a [^\n]*\n$/);
  });

  it('an output in the place of the input', () => {
    const { size } = statSync(plain);
    expect(nmode('optimize', plain, '-o', plain).status).toBe(2);
    expect(statSync(plain).size).toBe(size);
  });
});
