import { expect, it } from '@jest/globals';
import { cropSize, Samples } from '../../../../src/slimming/features/crops.js';

it('crops half of each axis in whole strides, and no less than eight cells of the deepest level', () => {
  expect(cropSize([256, 256], [16, 16])).toEqual([128, 128]);
  expect(cropSize([512, 320], [16, 16])).toEqual([256, 160]);
  // 8 strides of 32 are the whole image, and smaller images are not cropped at all.
  expect(cropSize([256, 256], [32, 32])).toEqual([256, 256]);
  expect(cropSize([64, 96], [16, 16])).toEqual([64, 96]);
});

const sizes = { image: [256, 128], crop: [128, 64], stride: [16, 16] } as const;
const samples = (seed: number) => new Samples([5, 6, 7, 8, 9], sizes, 3, seed);

it('takes every record once before any again, also where batches do not divide their number', () => {
  const taken = Array.from({ length: 5 }, (_, step) => samples(0).at(step)).flat();
  for (let round = 0; round < 3; round++) {
    const records = taken.slice(5 * round, 5 * round + 5).map(({ record }) => record);
    expect(records.sort()).toEqual([5, 6, 7, 8, 9]);
  }
  for (const { corner } of taken) {
    expect(corner[0] % 16).toBe(0);
    expect(corner[0]).toBeLessThanOrEqual(128);
    expect(corner[1]).toBeLessThanOrEqual(64);
  }
});

it('gives any step the same whatever was asked before, and other seeds others', () => {
  const all = samples(3);
  const [third, first] = [all.at(2), all.at(0)];
  expect(samples(3).at(2)).toEqual(third);
  expect(samples(3).at(0)).toEqual(first);
  expect(samples(4).at(0)).not.toEqual(first);
});

it('takes all records at once where there are fewer than a batch', () => {
  expect(new Samples([1, 2], sizes, 8, 0).at(0)).toHaveLength(2);
});
