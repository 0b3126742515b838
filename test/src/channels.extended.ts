import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { readMask } from '../../runtime/node/images/files.js';
import { serve } from '../../src/api/serve.js';
import { channelCase, exportCase, imageOf } from '../support/channels.js';
import { fixture } from '../support/fixtures.js';
import { nmode } from '../support/nmode.js';
import { sendTo } from '../support/served.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-channels-'));
afterAll(() => rmSync(folder, { recursive: true }));
const photograph = fixture('images', 'ISIC_0000082.jpg');
const grey = imageOf(channelCase('grey'))[0] ?? '';

it('a grey image goes through every command', async () => {
  const model = await exportCase(channelCase('grey'), folder);
  const out = join(folder, 'out');
  const predicted = nmode('predict', model, grey, photograph, '--grey', 'luma', '-o', out, '--overlay');
  expect(predicted).toMatchObject({ status: 0, stderr: '' });
  expect(predicted.stdout).toContain('grey by luma, unit, resized to 24x32');
  const evaluated = nmode(
    'eval',
    model,
    '--images',
    grey,
    '--masks',
    join(out, 'grey_mask.png'),
    '--at',
    'image',
    '--json',
  );
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ images: 1, dsc: 1 });
  const quantized = join(folder, 'int8.onnx');
  const told = ['--precision', 'int8', '--calibrate', grey, '--max-dsc-drop', '0.1', '--grey', 'red'];
  expect(nmode('optimize', model, '-o', quantized, ...told)).toMatchObject({ status: 0, stderr: '' });
  // What --grey said is in the model.
  expect(nmode('predict', quantized, photograph, '-o', out).stdout).toContain('grey by red');
  expect(nmode('predict', model, photograph, '-o', out)).toMatchObject({ status: 3, stdout: '' });
});

it('a grey image is served', async () => {
  const model = await exportCase(channelCase('grey'), folder);
  expect(nmode('predict', model, grey, '-o', folder)).toMatchObject({ status: 0 });
  const server = await serve({ models: [model], port: 0, workers: 1 });
  try {
    const send = (file: string) =>
      sendTo(`${server.url}/v1/segment`, {
        headers: { accept: 'image/png' },
        body: new Uint8Array(readFileSync(file)),
      });
    expect(await readMask((await send(grey)).bytes)).toEqual(await readMask(join(folder, 'grey_mask.png')));
    const refused = await send(photograph);
    expect(refused).toMatchObject({ status: 400 });
    expect(Buffer.from(refused.bytes).toString()).toContain('it is RGB, the model takes one grey channel');
  } finally {
    await server.close();
  }
});
