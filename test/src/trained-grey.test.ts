import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { evaluate } from '../../src/api/evaluate.js';
import { exportModel } from '../../src/api/export.js';
import { predict } from '../../src/api/predict.js';
import { fixture } from '../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-grey-'));
afterAll(() => rmSync(folder, { recursive: true }));
const NETWORK = 'unet-eed-w8-grey-isic2018';

it('the bundled network of one grey channel is what PyTorch says, and counts colours by their luma as it does', async () => {
  const model = join(folder, 'grey.onnx');
  const { verified, bytes } = await exportModel({
    checkpoint: fixture('trained', `${NETWORK}.pth`),
    reference: fixture('trained', `${NETWORK}.io.safetensors`),
    ...{ output: model, decoder: 'eed', activation: 'gelu' },
  });
  expect(verified?.outputs.mask?.maxAbs).toBeLessThanOrEqual(1e-5);
  expect(bytes).toBeLessThan(1e6);
  const counted = { images: fixture('images'), masks: fixture('masks'), grey: 'luma' } as const;
  const { confusion } = await evaluate({ model, ...counted });
  const expected = JSON.parse(readFileSync(fixture('predicted', 'grey-confusion.json'), 'utf8'));
  for (const [key, pixels] of Object.entries(confusion)) {
    expect(Math.abs(pixels - expected[key])).toBeLessThanOrEqual(1e-4 * expected[key]);
  }
  const { predictions } = await predict({ model, images: [fixture('grey')], output: join(folder, 'masks') });
  expect(predictions[0]?.classes[0]?.coverage).toBeCloseTo(0.193, 2);
});
