import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { encodeModel } from '../../../graph/file/write.js';
import { type LoadedModel, loadModel } from '../../../runtime/node/model.js';
import { exportModel } from '../../../src/api/export.js';
import { slim } from '../../../src/api/slim.js';
import { root } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-slim-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (...path: string[]) => join(root, 'fixtures', ...path);
const SHORT = {
  images: fixture('images'),
  size: { height: 64, width: 64 },
  holdOut: 0.3,
  threads: 1,
} as const;

it('puts a decoder into the network of a checkpoint, which is exported again by its state dict', async () => {
  const [output, saveWeights] = [join(folder, 'slim.onnx'), join(folder, 'student.safetensors')];
  const report = await slim({
    ...{ ...SHORT, network: fixture('release/unet_original.pth'), output, saveWeights },
    ...{ steps: 40, minAgreement: 0.5 },
  });
  expect(report.images).toEqual({ train: 3, heldOut: 2, test: 1 });
  expect(report.losses).toHaveLength(40);
  expect(report.losses.at(-1)).toBeLessThan(0.8 * (report.losses[0] ?? 0));
  expect(report.student.agreement?.mean).toBeGreaterThan(0.5);
  expect(report.student.parameters).toBeLessThan(report.teacher.parameters);
  expect(readdirSync(folder).sort()).toEqual(['slim.onnx', 'student.safetensors']);
  const again = join(folder, 'again.onnx');
  const size = { batch: 1, ...SHORT.size };
  await exportModel({ checkpoint: saveWeights, output: again, decoder: 'eed', activation: 'gelu', size });
  const [slimmed, exported] = [await loadModel(output), await loadModel(again)];
  const graphOf = ({ model }: LoadedModel) => encodeModel({ ...model, metadata: new Map() });
  expect(graphOf(slimmed)).toEqual(graphOf(exported));
  expect(slimmed.model.metadata.get('nmode.recipe')).toBe(exported.model.metadata.get('nmode.recipe'));
}, 60_000);

it('puts one on the proposed tensors of an .onnx model', async () => {
  const [network, output] = [join(folder, 'teacher.onnx'), join(folder, 'of-model.onnx')];
  copyFileSync(fixture('foreign/unet.onnx'), network);
  const before = readFileSync(network);
  const report = await slim({ ...SHORT, network, output, steps: 8, decoder: 'hd', force: true });
  expect(report.decoder).toBe('hd');
  expect(report.notes.join()).toContain('the decoder stands on the proposed tensors /inc/');
  expect(report.assumed.map(({ option }) => option)).toEqual(['recipe']);
  expect(readFileSync(network)).toEqual(before);
  const { metadata } = (await loadModel(output)).model;
  expect(metadata.get('nmode.decoder')).toBe('hd');
  expect(JSON.parse(metadata.get('nmode.recipe') ?? '').sizing).toEqual({ kind: 'resize', ...SHORT.size });
}, 60_000);

it('writes nothing but its state where the student is not good enough, and goes on from there', async () => {
  const options = {
    ...SHORT,
    network: fixture('release/unet_original.pth'),
    output: join(folder, 'poor.onnx'),
  };
  await expect(slim({ ...options, steps: 7, minAgreement: 0.999 })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(
      /agrees with its teacher to a DSC of 0\.\d{4}, where `minAgreement: 0\.999`/,
    ),
  });
  expect(existsSync(options.output)).toBe(false);
  expect(existsSync(`${options.output}.state.safetensors`)).toBe(true);
  const report = await slim({ ...options, resume: true, force: true });
  expect(report.losses).toHaveLength(7);
  expect(existsSync(`${options.output}.state.safetensors`)).toBe(false);
}, 60_000);
