import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { exportModel, inspect, predict } from '../../src/index.js';
import { defaultSizes } from '../../src/transform/default-sizes.js';
import { fixture } from '../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-api-'));
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = fixture('cases', 'nmode-CR_B.zip.pth');
const output = join(folder, 'model.onnx');
const told = { checkpoint, output, decoder: 'eed', activation: 'gelu' } as const;

describe('arguments that the command line would not let through are refused by name', () => {
  it.each([
    ['a batch of none', { size: { batch: 0, height: 32, width: 32 } }, /batch of 0/],
    ['half an image', { size: { batch: 1.5, height: 32, width: 32 } }, /batch of 1\.5/],
    [
      'a height of no levels',
      { size: { height: 40 } },
      /height 40 does not fit: for unet it is a multiple of 16/,
    ],
    ['an unknown opset', { opset: 12 }, /opset 12 is not supported/],
  ])('%s', async (_, options, says) => {
    await expect(exportModel({ ...told, ...options })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringMatching(says),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a threshold that is not a probability, a width of nothing', async () => {
    const options = { model: 'm.onnx', images: [], output: folder, threshold: Number.NaN };
    await expect(predict(options)).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });
});

it('predict tells how far it is, and stops when it is asked to', async () => {
  await exportModel({ ...told, size: { batch: 1, height: 32, width: 32 } });
  const images = join(folder, 'images');
  mkdirSync(images);
  for (let i = 0; i < 20; i++) cpSync(fixture('images', 'ISIC_0000082.jpg'), join(images, `${i}.jpg`));
  const controller = new AbortController();
  const steps: (readonly [number, number])[] = [];
  const run = predict({
    model: output,
    images: [images],
    output: join(folder, 'masks'),
    signal: controller.signal,
    onProgress: (done, total) => {
      steps.push([done, total]);
      if (done === 2) controller.abort();
    },
  });
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  expect(steps).toEqual([
    [0, 20],
    [1, 20],
    [2, 20],
  ]);
  // Two that were counted, and those that were under way beside them: two workers' and two read ahead.
  expect(readdirSync(join(folder, 'masks')).length).toBeLessThanOrEqual(6);
});

it('open sizes are counted at batch 1 and 256 x 256, whatever they are called', () => {
  expect(defaultSizes('x', ['N', 3, 'H', 'W']).shape).toEqual([1, 3, 256, 256]);
  expect(defaultSizes('x', ['', 3, '', '']).shape).toEqual([1, 3, 256, 256]);
  expect(defaultSizes('x', [-1, 3, -1, 64]).shape).toEqual([1, 3, 256, 64]);
  expect(defaultSizes('x', ['N', 3, 's', 's'])).toEqual({ shape: [1, 3, 256, 256], known: { N: 1, s: 256 } });
});

it('inspect names the variant of a network’s own decoder, by its former word too', async () => {
  const variant = { upsampling: 'transposed' };
  const report = await inspect(fixture('cases', 'original-transposed.zip.pth'));
  expect(report).toMatchObject({ architecture: { variant, form: variant } });
});
