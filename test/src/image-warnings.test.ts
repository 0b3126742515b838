import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TAKEN } from '../../runtime/images/channels.js';
import { exif, HARMLESS, picture, segment } from '../support/image-files.js';
import { nmode } from '../support/nmode.js';
import { TINY } from '../support/tiny-models.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-warnings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (...path: string[]) => join(folder, ...path);

const SCAN = 'its scan parameters are not those of a sequential JPEG: they are ignored';
const EXIF = 'its EXIF orientation is 9, expected 1 to 8: the image is taken as upright';

beforeAll(async () => {
  mkdirSync(out('images'));
  mkdirSync(out('masks'));
  writeFileSync(out('model.onnx'), TINY.sound());
  const [, , make] = HARMLESS.find(([name]) => name.startsWith('a sequential scan')) ?? [];
  writeFileSync(out('images', 'scan.jpg'), (await make?.()) ?? '');
  writeFileSync(out('images', 'whole.jpg'), await picture().jpeg().toBuffer());
  const white = await picture().linear(0, 255).png().toBuffer();
  writeFileSync(out('masks', 'whole.png'), white);
  const told = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif(9)]));
  const mask = await picture().linear(0, 255).jpeg().toBuffer();
  writeFileSync(out('masks', 'scan.jpg'), Buffer.concat([mask.subarray(0, 2), told, mask.subarray(2)]));
});

describe('files that are read in spite of harmless faults', () => {
  it('are named in one line by predict, which succeeds', () => {
    const run = nmode('predict', out('model.onnx'), out('images'), '-o', out('done'));
    expect(run).toMatchObject({ status: 0, stderr: `warning: scan.jpg: ${SCAN}\n` });
  });

  it('are told once where the same is told of several', async () => {
    mkdirSync(out('grey'));
    const grey = await picture().toColourspace('b-w').png().toBuffer();
    for (const name of ['a.png', 'b.png', 'c.png']) writeFileSync(out('grey', name), grey);
    const run = nmode('predict', out('model.onnx'), out('grey'), '-o', out('greys'));
    expect(run).toMatchObject({ status: 0, stderr: `warning: a.png and 2 more: ${TAKEN.grey}\n` });
  });

  it('are named by optimize, of images to compare and to calibrate on', () => {
    const run = nmode('optimize', out('model.onnx'), '-o', out('faster.onnx'), '--images', out('images'));
    expect(run).toMatchObject({ status: 0, stderr: `warning: scan.jpg: ${SCAN}\n` });
  });

  it('are told as JSON by predict and eval', () => {
    const predicted = nmode('predict', out('model.onnx'), out('images'), '-o', out('json'), '--json');
    const { predictions } = JSON.parse(predicted.stdout);
    expect(predictions).toMatchObject([{ warnings: [SCAN] }, { warnings: [] }]);
    const told = ['--images', out('images'), '--masks', out('masks'), '--json'];
    const { warnings } = JSON.parse(nmode('eval', out('model.onnx'), ...told).stdout);
    expect(warnings).toEqual([`scan.jpg: ${SCAN}`, `scan.jpg: ${EXIF}`]);
  });
});
