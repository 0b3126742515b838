import { describe, expect, it } from '@jest/globals';
import { NORMALIZATIONS } from '../../../graph/recipe/normalization.js';
import type { Recipe } from '../../../graph/recipe/recipe.js';
import type { RgbImage } from '../../../runtime/common/raster.js';
import { cases, exported, fixture, toldBy } from '../../support/fixtures.js';
import { probabilitiesOf, RANDOM_NETWORKS } from '../../support/image-io.js';
import { seeded } from '../../support/seeded.js';

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
