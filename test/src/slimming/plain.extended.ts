/** A network that is known by its structure alone teaches: found by a reference, or assumed. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { assumptionsIn } from '../../../graph/recipe/assumption.js';
import { loadModel } from '../../../runtime/node/model.js';
import { fixture } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-slim-plain-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RIGHT = '1.act-norm.relu.bare-up.max.up-first';
const reference = fixture('plain', 'handwritten.safetensors');
const short = ['--images', fixture('images'), '--size', '64x64', '--steps', '8', '--no-int8', '--force'];
const slim = (network: string, output: string, ...more: string[]) =>
  nmode('slim', network, '-o', output, ...short, ...more);

async function structureIn(output: string) {
  const { metadata } = (await loadModel(output)).model;
  return assumptionsIn(metadata).find(({ option }) => option === 'assume');
}

it('slims what a reference finds, which holds logits, as proven', async () => {
  const output = join(folder, 'proven.onnx');
  const checkpoint = fixture('plain', 'handwritten.pth');
  const { stderr, stdout, status } = slim(checkpoint, output, '--reference', reference);
  expect(stderr).not.toContain('nmode: ');
  expect(status).toBe(0);
  expect(stdout).toMatch(/frozen +plain_unet, features of 8, 16, 24 channels/);
  expect(stdout).not.toContain('structure');
  expect(await structureIn(output)).toEqual({
    ...{ what: 'structure', value: RIGHT, option: 'assume', verified: true },
  });
}, 300_000);

it('slims what is assumed, and the student tells so wherever it is used', async () => {
  const output = join(folder, 'assumed.onnx');
  const { stdout, status } = slim(fixture('plain', 'handwritten.pth'), output, '--assume', RIGHT);
  expect(status).toBe(0);
  const told = `structure ${RIGHT} (--assume)`;
  expect(stdout).toContain(told);
  expect(await structureIn(output)).toMatchObject({ value: RIGHT, verified: false });
  expect(nmode('inspect', output).stdout).toContain(told);
}, 300_000);

it('holds a network that its keys tell against the reference, too, and fits nothing to one that misses it', () => {
  const output = join(folder, 'missed.onnx');
  const known = fixture('release', 'unet_original.pth');
  const right = slim(
    known,
    join(folder, 'known.onnx'),
    '--reference',
    fixture('release', 'unet_original.io.safetensors'),
  );
  expect(right.stderr).not.toContain('nmode: ');
  expect(right.status).toBe(0);
  const missed = slim(known, output, '--reference', reference);
  expect(missed.stderr).toMatch(/nmode: the model misses the reference: mask by/);
  expect(missed.status).toBe(1);
  expect(existsSync(output)).toBe(false);
}, 300_000);

it('refuses a reference of an .onnx model, whose graph says what it is', () => {
  const output = join(folder, 'model.onnx');
  expect(slim(fixture('foreign', 'unet.onnx'), output, '--reference', reference).stderr).toMatch(
    /--reference applies only to checkpoints/,
  );
});
