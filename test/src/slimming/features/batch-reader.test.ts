import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { at } from '../../../../graph/common/at.js';
import { fromHalf } from '../../../../graph/common/half.js';
import { elementCount } from '../../../../graph/ir/tensor.js';
import { BatchReader } from '../../../../src/slimming/features/batch-reader.js';
import { FeatureStore } from '../../../../src/slimming/features/feature-store.js';
import type { Collected } from '../../../../src/slimming/features/features.js';

const [HEIGHT, WIDTH, STRIDE] = [32, 48, 8];
const SHAPES = [
  [1, 3, HEIGHT, WIDTH],
  [1, 2, HEIGHT / 2, WIDTH / 2],
  [1, 5, HEIGHT / STRIDE, WIDTH / STRIDE],
  [1, 1, HEIGHT, WIDTH],
];
const SCALES = [1, 2, STRIDE, 1].map((scale) => [scale, scale]);

/** A half that is finite, of the record, the part and the place that it stands for. */
const halfAt = (record: number, part: number, place: number) =>
  (record * 7919 + part * 104729 + place) % 0x7c00;

async function collected(bands: number, budget: number) {
  const store = new FeatureStore(SHAPES, bands, budget, tmpdir());
  for (let record = 0; record < 2; record++)
    await store.add(
      SHAPES.map((shape, part) =>
        Uint16Array.from({ length: elementCount(shape) }, (_, place) => halfAt(record, part, place)),
      ),
    );
  return { store, shapes: SHAPES, scales: SCALES } as unknown as Collected & { readonly store: FeatureStore };
}

describe.each([
  ['in memory, by bands', HEIGHT / STRIDE, Number.POSITIVE_INFINITY],
  ['in a file, by bands', HEIGHT / STRIDE, 0],
  ['in memory, as a whole', 1, Number.POSITIVE_INFINITY],
])('records %s', (_, bands, budget) => {
  it.each([
    [
      [0, 0],
      [HEIGHT, WIDTH],
    ],
    [
      [8, 32],
      [16, 16],
    ],
    [
      [16, 8],
      [16, 24],
    ],
    [
      [0, 24],
      [32, 8],
    ],
  ] as const)('the window at %j of %j has the numbers of its place', async (corner, size) => {
    const from = await collected(bands, budget);
    await using _store = from.store;
    const reader = new BatchReader(from, size, 2);
    // A second time into memory that holds another window.
    const first = await reader.read([0, 1].map((record) => ({ record, corner: [0, 0] as const })));
    reader.onSpent(new Set(Object.values(first).map(({ data }) => data.buffer)));
    const batch = await reader.read([1, 0].map((record) => ({ record, corner })));
    for (const [part, name] of ['feature1', 'feature2', 'feature3', 'targets'].entries()) {
      const [, channels = 1, , width = 1] = at(SHAPES, part);
      const scale = at(at(SCALES, part), 0);
      const [rows, columns] = [size[0] / scale, size[1] / scale];
      const tensor = batch[name];
      expect(tensor?.dims).toEqual([2, channels, rows, columns]);
      const wanted = Array.from({ length: 2 * channels * rows * columns }, (_, index) => {
        const [x, y] = [index % columns, Math.floor(index / columns) % rows];
        const channel = Math.floor(index / (columns * rows)) % channels;
        const record = index < channels * rows * columns ? 1 : 0;
        const place = (channel * (HEIGHT / scale) + corner[0] / scale + y) * width + corner[1] / scale + x;
        const half = halfAt(record, part, place);
        return name === 'targets' ? fromHalf(half) : half;
      });
      expect(Array.from(tensor?.data ?? [])).toEqual(wanted);
    }
  });
});
