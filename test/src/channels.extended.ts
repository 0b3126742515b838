import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readMask } from '../../runtime/node/images/files.js';
import { Segmenter } from '../../runtime/node/segmenter.js';
import { evaluate } from '../../src/api/evaluate.js';
import { optimizeModel } from '../../src/api/optimize.js';
import { predict } from '../../src/api/predict.js';
import { serve } from '../../src/api/serve.js';
import { verify } from '../../src/api/verify.js';
import { PRECISIONS } from '../../src/transform/precision.js';
import {
  type ChannelCase,
  channelCase,
  expectedOf,
  exportCase,
  farthest,
  imageOf,
} from '../support/channels.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';
import { sendTo } from '../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-channels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const photograph = fixture('images', 'ISIC_0000082.jpg');
const grey = imageOf(channelCase('grey'))[0] ?? '';

/** A network for each number of channels, and how its images are told to commands that look through folders. */
const NETWORKS = [
  ['grey', ['{case}.png']],
  ['nonzero', ['{case}_0000.png', '{case}_0001.png']],
  ['percentile', ['{case}.png']],
  ['pages', ['{case}.tif']],
] as const;

/** A folder that holds the files of a case alone. */
async function folderOf(each: ChannelCase): Promise<string> {
  const images = join(folder, `${each.name}-images`);
  mkdirSync(images, { recursive: true });
  const { copyFileSync } = await import('node:fs');
  for (const [index, file] of imageOf(each).entries())
    copyFileSync(file, join(images, each.files[index] ?? ''));
  return images;
}

describe.each(NETWORKS)('the network of %s', (name, inputs) => {
  const each = channelCase(name);

  it('is exported, verified, optimised in four precisions, and predicts what NumPy and PyTorch do', async () => {
    const images = await folderOf(each);
    const model = await exportCase(each, folder);
    const reference = fixture('channels', `${name}.io.safetensors`);
    expect(await verify({ model, reference })).toMatchObject({ pass: true });
    for (const precision of PRECISIONS) {
      const output = join(folder, `${name}-${precision}.onnx`);
      const report = await optimizeModel({
        ...{ model, output, precision, images, inputs },
        ...(precision !== 'fp32' && { maxDscDrop: 0.1 }),
        ...(precision === 'int8' && { calibrate: images }),
      });
      expect(report.difference?.images).toBe(1);
      await using segmenter = await Segmenter.load(output, { threads: 1 });
      const { probabilities } = await segmenter.segment(imageOf(each));
      const allowed = precision === 'fp32' ? 1e-5 : precision === 'fp16' ? 0.02 : 0.3;
      expect(farthest(probabilities?.data ?? [], expectedOf(each))).toBeLessThanOrEqual(allowed);
    }
  });

  it('segments by predict, eval and serve alike', async () => {
    const images = await folderOf(each);
    const model = await exportCase(each, folder);
    const output = join(folder, `${name}-out`);
    const common = { model, threads: 1 };
    const { predictions, failures } = await predict({
      ...common,
      images: [images],
      inputs,
      output,
      probabilities: 'npy',
    });
    expect(failures).toEqual([]);
    expect(predictions).toMatchObject([{ inputs: each.files.map((file) => join(images, file)) }]);
    const [{ masks, labels } = { masks: [], labels: undefined }] = predictions;
    const truth = join(folder, `${name}-truth`);
    mkdirSync(truth);
    const mask = labels ?? masks[0] ?? '';
    const { data, info } = await sharp(mask).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 43, height: 29 });
    expect(data.length).toBe(43 * 29);
    await sharp(readFileSync(masks[0] ?? '')).toFile(join(truth, `${name}.png`));
    if (each.classes === 1) {
      expect(await evaluate({ ...common, images, inputs, masks: truth, at: 'image' })).toMatchObject({
        images: 1,
        dsc: 1,
      });
    }
    const server = await serve({ models: [model], port: 0, workers: 1 });
    try {
      const form = new FormData();
      for (const file of imageOf(each)) form.append('image', new Blob([readFileSync(file)]), 'x');
      const { bytes, status } = await sendTo(`${server.url}/v1/segment`, {
        headers: { accept: 'image/png;view=mask' },
        body: form,
      });
      expect(status).toBe(200);
      expect(await readMask(bytes)).toEqual(await readMask(masks[0] ?? ''));
    } finally {
      await server.close();
    }
  });
});

it('a grey image goes through every command', async () => {
  const model = await exportCase(channelCase('grey'), folder);
  const out = join(folder, 'out');
  const predicted = nmode('predict', model, grey, photograph, '--grey', 'luma', '-o', out, '--overlay');
  expect(predicted).toMatchObject({ status: 0, stderr: '' });
  expect(predicted.stdout).toContain('grey by luma, unit, resized to 24x32');
  const mask = join(out, 'grey_mask.png');
  const evaluated = nmode('eval', model, '--images', grey, '--masks', mask, '--at', 'image', '--json');
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ images: 1, dsc: 1 });
  expect(nmode('bench', model, '--runs', '2')).toMatchObject({ status: 0 });
  const quantized = join(folder, 'int8.onnx');
  const said = ['--precision', 'int8', '--calibrate', grey, '--max-dsc-drop', '0.1', '--grey', 'red'];
  expect(nmode('optimize', model, '-o', quantized, ...said)).toMatchObject({ status: 0, stderr: '' });
  // What --grey said is in the model.
  expect(nmode('predict', quantized, photograph, '-o', out).stdout).toContain('grey by red');
  expect(nmode('predict', model, photograph, '-o', out)).toMatchObject({ status: 3, stdout: '' });
});

it('a window is said to every command, and written into a model', async () => {
  const each = channelCase('window');
  const model = await exportCase({ ...each, normalization: { kind: 'unit' } }, folder);
  const [image = ''] = imageOf(each);
  const out = join(folder, 'windowed');
  const window = ['--window', '1900,2600'];
  const wanted = await exportCase({ ...each, name: 'window' }, mkdtempSync(join(folder, 'right-'))).then(
    (right) => nmode('predict', right, image, '-o', join(folder, 'right')),
  );
  expect(wanted.status).toBe(0);
  expect(nmode('predict', model, image, '-o', out, ...window).stdout).toContain(
    'window (centre 1900; width 2600), resized',
  );
  const mask = (of: string) => readMask(join(of, 'window_mask.png'));
  expect(await mask(out)).toEqual(await mask(join(folder, 'right')));
  const stated = join(folder, 'stated.onnx');
  expect(nmode('optimize', model, '-o', stated, '--images', image, ...window)).toMatchObject({ status: 0 });
  expect(nmode('predict', stated, image, '-o', out).stdout).toContain('window (centre 1900; width 2600)');
  for (const wrong of ['40', '40,0', '40,-1', 'a,b', '1,2,3']) {
    expect(nmode('predict', model, image, '-o', out, '--window', wrong)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Expected CENTRE,WIDTH, two numbers, the width above 0'),
    });
  }
});
