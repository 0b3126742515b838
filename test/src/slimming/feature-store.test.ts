import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { FeatureStore } from '../../../src/slimming/feature-store.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

const record = (first: number) => [Uint16Array.of(first, first + 1, first + 2), Uint16Array.of(first + 3)];

it('gives records back, whether they are in memory or in the file, which nobody sees and close removes', async () => {
  // Two of them fit.
  const store = new FeatureStore([3, 1], 2 * 8, folder);
  for (const first of [10, 20, 30, 40]) await store.add(record(first));
  expect(store.count).toBe(4);
  for (const index of [3, 0, 2, 1]) {
    const first = 10 * (index + 1);
    expect([...(await store.read(index, store.scratch()))]).toEqual([first, first + 1, first + 2, first + 3]);
  }
  expect([store.startOf(0), store.startOf(1), store.startOf(2)]).toEqual([0, 3, 4]);
  // Where a file may be removed while it is open, a killed process leaves none.
  if (process.platform !== 'win32') expect(readdirSync(folder)).toEqual([]);
  await store.close();
  expect(readdirSync(folder)).toEqual([]);
});

it('says that a file cannot be written', async () => {
  const store = new FeatureStore([3, 1], 0, join(folder, 'nowhere'));
  await expect(store.add(record(1))).rejects.toMatchObject({
    code: 'CANNOT_WRITE',
    message: expect.stringContaining('its folder does not exist'),
  });
});
