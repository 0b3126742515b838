/** `--key`, `--prefix` and `--ignore` of the command, on a file with two networks and what surrounds them. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../exporters/checkpoints/open.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { safetensors } from '../support/craft.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pair = join(folder, 'pair.safetensors');
const model = join(folder, 'model.onnx');
const told = ['--decoder', 'eed', '--activation', 'gelu', '--size', '32x32'];

/** A safetensors file of floating-point tensors. */
function fileOf(tensors: readonly (readonly [string, Tensor])[]): Buffer {
  let at = 0;
  const header = tensors.map(([key, { dims, bytes }]) => {
    const offsets = [at, at + bytes().length];
    at = offsets[1] ?? at;
    return [key, { dtype: 'F32', shape: dims, data_offsets: offsets }];
  });
  return safetensors(Object.fromEntries(header), Buffer.concat(tensors.map(([, { bytes }]) => bytes())));
}

beforeAll(async () => {
  const { tensors, close } = await openCheckpoint(fixture('cases', 'nmode-CR_B.zip.pth'));
  const network = [...tensors].filter(([, { dtype }]) => dtype === 'float32');
  const extra = tensors.get('outc.conv.bias');
  if (extra === undefined) throw new Error('no bias');
  const below = (prefix: string) => network.map(([key, tensor]) => [`${prefix}${key}`, tensor] as const);
  const around = [
    ['student.down1.gate', extra],
    ['loss.weight', extra],
  ] as const;
  writeFileSync(pair, fileOf([...below('student.'), ...below('teacher.'), ...around]));
  close();
});

describe('nmode export', () => {
  it.each<[string, string[], RegExp]>([
    [
      'of two networks without a word',
      [],
      /2 networks, unet below 'student\.', unet below 'teacher\.': choose one with --prefix/,
    ],
    ['of a network with one layer more', ['--prefix', 'student'], /1 unused: down1\.gate \(--ignore/],
    [
      'below a prefix that no key has',
      ['--prefix', 'pupil'],
      /its \d+ keys begin student\., teacher\., loss\./,
    ],
    [
      'below a key that no key begins with',
      ['--key', 'pupil'],
      /its \d+ keys begin student\., teacher\., loss\./,
    ],
    ['without a key that is not there', ['--ignore', 'aux'], /no key fits --ignore 'aux'/],
  ])('%s is refused', (_, flags, says) => {
    const run = nmode('export', pair, '-o', model, ...told, ...flags);
    expect(run).toMatchObject({ status: 3, stdout: '', stderr: expect.stringMatching(says) });
    expect(run.stderr).toMatch(/^nmode: pair\.safetensors: [^\n]*\n$/);
    expect(readdirSync(folder)).toEqual(['pair.safetensors']);
  });

  it('takes the network that is told and says what it leaves aside', () => {
    const flags = ['--prefix', 'student', '--ignore', 'teacher', '--ignore', '*.gate', '--json'];
    const { status, stdout } = nmode('export', pair, '-o', model, ...told, ...flags);
    expect(status).toBe(0);
    const { prefix, leftAside, notes, architecture } = JSON.parse(stdout);
    expect(prefix).toBe('student.');
    expect(leftAside).toHaveLength(94);
    expect(leftAside).toEqual(expect.arrayContaining(['loss.weight', 'student.down1.gate']));
    expect(notes).toEqual([
      expect.stringMatching(/^left aside: 94 keys that are no part of unet: teacher\./),
    ]);
    expect(architecture).toMatchObject({ 'nmode.source.prefix': 'student.' });
    rmSync(model);
  });
});

describe('nmode inspect', () => {
  it('takes the same flags', () => {
    const { status, stdout } = nmode('inspect', pair, '--key', 'teacher', '--json');
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ architecture: { backbone: 'unet' }, prefix: 'teacher.' });
    expect(report.leftAside).toHaveLength(94);
    // Of this network alone.
    expect(report.parameters).toBe(10_801);
  });

  it.each([['--prefix'], ['--ignore'], ['--key']])('%s does not apply to a model', (flag) => {
    const run = nmode('inspect', fixture('foreign', 'unet.onnx'), flag, 'net');
    expect(run).toMatchObject({ status: 2, stderr: `nmode: ${flag} does not apply to a model\n` });
  });
});
