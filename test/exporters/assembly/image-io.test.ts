import { describe, expect, it } from '@jest/globals';
import type { RgbImage } from '../../../runtime/common/raster.js';
import { readImage } from '../../../runtime/node/images/files.js';
import { compareOutputs } from '../../../src/parity/parity.js';
import { cases, exported, fixture, toldBy } from '../../support/fixtures.js';
import { probabilitiesOf, RANDOM_NETWORKS } from '../../support/image-io.js';

it('a constant image is zeros to both', async () => {
  const [network] = cases.filter(({ name }) => name === 'eed-CR_B-gelu-zip');
  if (network === undefined) throw new Error('the case is gone');
  const image: RgbImage = { width: 40, height: 30, channels: 3, data: new Uint8Array(3600).fill(77) };
  const size = { batch: 1, height: 32, width: 32 };
  const path = fixture('cases', network.checkpoint);
  const tensor = await probabilitiesOf(await exported(path, { ...toldBy(network), size }), image);
  const baked = await probabilitiesOf(await exported(path, { ...toldBy(network), size, io: 'image' }), image);
  expect(baked.probabilities?.data.every(Number.isFinite)).toBe(true);
  for (const [i, value] of (tensor.probabilities?.data ?? []).entries()) {
    expect(Math.abs(value - (baked.probabilities?.data[i] ?? Number.NaN))).toBeLessThanOrEqual(
      RANDOM_NETWORKS,
    );
  }
});

it("the trained network's masks of photographs are the same in both forms", async () => {
  const told = { decoder: 'eed', activation: 'gelu', size: { batch: 1, height: 256, width: 256 } } as const;
  const path = fixture('trained', 'unet-eed-w16-isic2018.pth');
  const [tensor, baked] = [await exported(path, told), await exported(path, { ...told, io: 'image' })];
  for (const name of ['ISIC_0000082', 'ISIC_0014077']) {
    const photograph = await readImage(fixture('images', `${name}.jpg`));
    const [a, b] = [await probabilitiesOf(tensor, photograph), await probabilitiesOf(baked, photograph)];
    const expected = { dims: [512, 512], data: a.probabilities?.data ?? new Float32Array() };
    const found = { dims: [512, 512], data: b.probabilities?.data ?? new Float32Array() };
    expect(compareOutputs(found, expected)).toMatchObject({ pass: true, maskDisagreement: 0 });
  }
});

describe('what contradicts itself is refused', () => {
  const [network] = cases.filter(({ name }) => name === 'eed-CR_B-gelu-zip');
  const fixed = { batch: 1, height: 32, width: 32 };
  it.each([
    [
      'a batch of images',
      { io: 'image' as const, size: { ...fixed, batch: 2 } },
      /takes one image at a time/,
    ],
    ['a fixed native size', { nativeSize: true, size: fixed }, /cannot keep their own size/],
    [
      'a recipe of another size',
      { size: fixed, recipe: { sizing: { kind: 'resize', height: 64, width: 64 } as const } },
      /resizes images to 64x64, which contradicts the size 32x32/,
    ],
    [
      'a recipe of one size beside native sizes',
      { nativeSize: true, size: {}, recipe: { sizing: { kind: 'resize', height: 64, width: 64 } as const } },
      /resizes images to 64x64, which contradicts `nativeSize`/,
    ],
    [
      'a background of logits',
      { head: 'none' as const, background: 0, size: fixed },
      /`background: 0` does not apply: there is one class/,
    ],
    [
      'a recipe that pads too little',
      { size: {}, recipe: { sizing: { kind: 'pad', multiple: 8 } as const } },
      /multiple of 8, expected one of 16, which every level divides/,
    ],
  ])('%s', async (_, options, says) => {
    if (network === undefined) throw new Error('the case is gone');
    const path = fixture('cases', network.checkpoint);
    await expect(exported(path, { ...toldBy(network), ...options })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringMatching(says),
    });
  });
});
