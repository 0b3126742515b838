import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { FeatureStore } from '../../../../src/slimming/features/feature-store.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A map of two channels of 2 x 2, and one of 4 x 1. */
const SHAPES = [
  [1, 2, 2, 2],
  [1, 1, 4, 1],
];
const record = (first: number) => [
  Uint16Array.of(first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6, first + 7),
  Uint16Array.of(first + 10, first + 11, first + 12, first + 13),
];

it('gives records back in bands of rows, whether they are in memory or in the file, which nobody sees and close removes', async () => {
  // Two of them fit.
  const store = new FeatureStore(SHAPES, 2, 2 * 24, folder);
  for (const first of [100, 200, 300, 400]) await store.add(record(first));
  expect(store.count).toBe(4);
  expect(store.bytesInFile).toBe(2 * 24);
  for (const index of [3, 0, 2, 1]) {
    const first = 100 * (index + 1);
    const bands = [
      [0, 1, 4, 5, 10, 11],
      [2, 3, 6, 7, 12, 13],
    ].map((band) => band.map((number) => first + number));
    const read = async (from: number, count: number) => [
      ...(await store.read(index, { first: from, count }, store.scratch())),
    ];
    expect(await read(0, 2)).toEqual(bands.flat());
    expect(await read(0, 1)).toEqual(bands[0]);
    expect(await read(1, 1)).toEqual(bands[1]);
  }
  expect([...store.starts, store.bandLength]).toEqual([0, 4, 6]);
  // Where a file may be removed while it is open, a killed process leaves none.
  if (process.platform !== 'win32') expect(readdirSync(folder)).toEqual([]);
  await store.close();
  expect(readdirSync(folder)).toEqual([]);
});

it('refuses a record of other shapes', async () => {
  const store = new FeatureStore(SHAPES, 2, 2 ** 20, folder);
  await expect(store.add(record(1).toReversed())).rejects.toThrow('4 numbers of [1,2,2,2]');
});

it('says that a file cannot be written', async () => {
  const store = new FeatureStore(SHAPES, 1, 0, join(folder, 'nowhere'));
  await expect(store.add(record(1))).rejects.toMatchObject({
    code: 'CANNOT_WRITE',
    message: expect.stringMatching(
      /nowhere: the features beyond `memoryBudget` cannot be written there: its folder does not exist; a larger one keeps more in memory$/,
    ),
  });
});
