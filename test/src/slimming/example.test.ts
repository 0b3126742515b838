import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { readImage } from '../../../runtime/node/images/files.js';
import { evaluate } from '../../../src/api/evaluate.js';
import { exportModel } from '../../../src/api/export.js';
import { splitImages } from '../../../src/slimming/split.js';
import { fixture } from '../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-slim-example-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the bundled teacher, whose weights are in half precision, counts as PyTorch does', async () => {
  const model = join(folder, 'teacher.onnx');
  await exportModel({ checkpoint: fixture('slim', 'teacher.pth'), output: model });
  const { confusion } = await evaluate({ model, images: fixture('images'), masks: fixture('masks') });
  const { images } = JSON.parse(readFileSync(fixture('slim', 'confusion.json'), 'utf8'));
  for (const [key, pixels] of Object.entries(confusion))
    expect(Math.abs(pixels - images[key])).toBeLessThanOrEqual(1e-4 * images[key]);
});

it('of the bundled images, the two of one lesion are in one part', async () => {
  const names = readdirSync(fixture('slim', 'images'));
  const sources = names.map((name) => ({ name, read: () => readImage(fixture('slim', 'images', name)) }));
  const { train, heldOut, test, duplicates } = await splitImages(sources);
  expect([train.length, heldOut.length, test.length]).toEqual([22, 7, 7]);
  expect(duplicates.map((group) => group.map(({ name }) => name))).toEqual([
    ['ISIC_0012672.jpg', 'ISIC_0012673.jpg'],
  ]);
});
