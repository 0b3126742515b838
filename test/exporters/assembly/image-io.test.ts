import { describe, expect, it } from '@jest/globals';
import { NORMALIZATIONS } from '../../../graph/common/normalization.js';
import type { Recipe } from '../../../graph/common/recipe.js';
import { outlineOf } from '../../../graph/ir/model.js';
import type { RgbImage } from '../../../runtime/common/raster.js';
import { type FinishOptions, Job } from '../../../runtime/images/job.js';
import { inputSpecOf } from '../../../runtime/input-spec.js';
import { readImage } from '../../../runtime/node/images/files.js';
import { loadModel } from '../../../runtime/node/model.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { compareOutputs } from '../../../src/parity/parity.js';
import { cases, exported, fixture, toldBy } from '../../support/fixtures.js';
import { seeded } from '../../support/seeded.js';

const FINISH: FinishOptions = {
  threshold: 0.5,
  at: 'image',
  wantProbabilities: true,
  wantComponents: false,
  wantPixels: false,
};

/** onnxruntime finds places in float32, and random networks are steep at 0..255; trained ones agree to 1e-5 (below). */
const RANDOM_NETWORKS = 5e-4;

/** An image that looks like noise over a gradient. */
function picture(width: number, height: number): RgbImage {
  const noise = seeded('input', [height, width, 3])?.bytes() ?? new Uint8Array();
  const values = new Float32Array(noise.buffer, noise.byteOffset, 3 * width * height);
  const data = Uint8Array.from(
    values,
    (value, i) => 20 + 100 * value + (100 * (i % (3 * width))) / (3 * width),
  );
  return { width, height, channels: 3, data };
}

/** The probabilities of an image at its own size, by a model of either form. */
async function probabilitiesOf(bytes: Uint8Array, image: RgbImage) {
  const { model } = await loadModel(bytes);
  const job = new Job(image, inputSpecOf(outlineOf(model)));
  await using session = await createSession(bytes);
  const outputs = await session.run({ [session.inputs[0]?.name ?? '']: job.input(0) });
  const { mask } = outputs;
  if (mask === undefined) throw new Error('no mask');
  job.place(0, mask);
  return { ports: [session.inputs, session.outputs], probabilities: job.finish(FINISH).probabilities };
}

const normalizations: readonly [string, Recipe['normalization']][] = Object.entries(NORMALIZATIONS);
const forms = normalizations.flatMap(([name, normalization]) =>
  [false, true].map(
    (nativeSize) =>
      [
        `${name}, ${nativeSize ? 'native size' : 'resized'}`,
        { recipe: { normalization }, nativeSize },
      ] as const,
  ),
);

describe('a model that takes images gives the probabilities of one that takes prepared pixels', () => {
  const checkpoints = ['eed-CR_B-gelu-zip', 'original-1x3x37x51', 'original-classes4'];
  const networks = checkpoints.map((wanted) =>
    cases.find(({ name }) => name === wanted || name.startsWith(wanted)),
  );
  it.each(forms)('%s', async (_, options) => {
    for (const network of networks) {
      if (network === undefined) throw new Error('a case is gone');
      const size = options.nativeSize ? {} : { batch: 1, height: 64, width: 48 };
      const told = { ...toldBy(network), ...options, size };
      const path = fixture('cases', network.checkpoint);
      const [tensor, image] = [
        await exported(path, told),
        await exported(path, { ...told, io: 'image', size: {}, ...(options.nativeSize ? {} : { size }) }),
      ];
      for (const [width, height] of [
        [61, 83],
        [200, 40],
      ] as const) {
        const photograph = picture(width, height);
        const [a, b] = [await probabilitiesOf(tensor, photograph), await probabilitiesOf(image, photograph)];
        expect(b.ports).toMatchObject([
          [{ name: 'image', dtype: 'uint8', shape: [1, 'H', 'W', 3] }],
          [{ name: 'mask', dtype: 'float32', shape: [1, network.classes, 'H', 'W'] }],
        ]);
        expect(b.probabilities).toMatchObject({ width, height, classes: network.classes });
        let largest = 0;
        for (const [i, value] of (a.probabilities?.data ?? []).entries()) {
          largest = Math.max(largest, Math.abs(value - (b.probabilities?.data[i] ?? Number.NaN)));
        }
        expect(largest).toBeLessThanOrEqual(RANDOM_NETWORKS);
      }
    }
  });
});

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
      /`background: 0` has no meaning: there is one class/,
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
