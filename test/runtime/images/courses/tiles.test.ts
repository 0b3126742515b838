import { describe, expect, it } from '@jest/globals';
import { blendWeights, planTiles } from '../../../../runtime/images/courses/tiles.js';

const MULTIPLE = 16;
/** Of a network of which nobody knows how far it looks. */
const unknown = { reach: { why: 'nobody knows' } };

describe('a plan of tiles', () => {
  it('is one window where the image fits the budget, padded to the multiple', () => {
    expect(planTiles(100, 50, MULTIPLE, { ...unknown, memoryBudget: 1e9, bytesPerPixel: 100 })).toMatchObject(
      {
        windows: [{ x: 0, y: 0, width: 112, height: 64 }],
        isExact: true,
      },
    );
  });

  const sizes = [
    [1000, 700],
    [513, 2049],
    [4000, 300],
    [301, 3999],
    [2048, 2048],
  ] as const;
  it.each(sizes)(
    'covers %i x %i within the budget, aligned, each pixel with weights of 1 in all',
    (width, height) => {
      const [budget, bytes] = [30e6, 100];
      const { windows, isExact } = planTiles(width, height, MULTIPLE, {
        ...unknown,
        memoryBudget: budget,
        bytesPerPixel: bytes,
      });
      expect(isExact).toBe(false);
      expect(windows.length).toBeGreaterThan(1);
      for (const window of windows) {
        expect(window.width * window.height * bytes).toBeLessThanOrEqual(budget);
        for (const value of Object.values(window)) expect(value % MULTIPLE).toBe(0);
        expect(window).toMatchObject({ width: windows[0]?.width, height: windows[0]?.height });
      }
      for (const [axis, side, length] of [
        ['x', 'width', width],
        ['y', 'height', height],
      ] as const) {
        const starts = [...new Set(windows.map((window) => window[axis]))];
        const total = new Float64Array(length);
        for (const start of starts) {
          const weights = blendWeights(start, windows[0]?.[side] ?? 0, starts);
          for (const [i, weight] of weights.entries()) {
            expect(weight).toBeGreaterThanOrEqual(0);
            if (start + i < length) total[start + i] = (total[start + i] ?? 0) + weight;
          }
        }
        for (const sum of total) expect(sum).toBeCloseTo(1, 12);
      }
    },
  );

  /** How far the sum of all weights is from 1, at the worst. */
  const furthest = (sums: Float64Array) => sums.reduce((most, sum) => Math.max(most, Math.abs(sum - 1)), 0);

  it('weights add up to 1 at every length, also where three windows meet', () => {
    for (const multiple of [1, 16, 256]) {
      const side = Math.max(256, 2 * multiple);
      for (let length = side + 1; length < side + 1500; length += 13) {
        const limits = { ...unknown, memoryBudget: 96 * side * side, bytesPerPixel: 0 };
        const { windows } = planTiles(length, side, multiple, limits);
        expect(windows.length).toBeGreaterThan(1);
        const starts = [...new Set(windows.map(({ x }) => x))];
        const total = new Float64Array(length);
        for (const start of starts) {
          for (const [i, weight] of blendWeights(start, windows[0]?.width ?? 0, starts).entries()) {
            if (start + i < length) total[start + i] = (total[start + i] ?? 0) + weight;
          }
        }
        expect(furthest(total)).toBeLessThan(1e-12);
      }
    }
    const total = new Float64Array(464);
    const starts = [0, 112, 208];
    for (const start of starts) {
      for (const [i, weight] of blendWeights(start, 256, starts).entries())
        total[start + i] = (total[start + i] ?? 0) + weight;
    }
    expect(furthest(total)).toBeLessThan(1e-12);
  });

  /** Where tiles count for something, along one axis. */
  const counting = (start: number, side: number, starts: readonly number[], margin: number) =>
    Array.from(blendWeights(start, side, starts, margin)).flatMap((weight, i) =>
      weight > 0 ? [start + i] : [],
    );

  it.each([5, 40, 100, 113])('nothing counts of a tile that depends on more: %i pixels far', (reach) => {
    const limits = { reach: { pixels: reach }, bytesPerPixel: 0 };
    for (const [width, height] of [
      [2000, 500],
      [513, 2049],
      [4000, 3000],
    ] as const) {
      const plan = planTiles(width, height, MULTIPLE, { ...limits, memoryBudget: 96 * 512 ** 2 });
      expect(plan.isExact).toBe(true);
      const { windows } = plan;
      for (const [axis, side, length] of [
        ['x', 'width', width],
        ['y', 'height', height],
      ] as const) {
        const starts = [...new Set(windows.map((window) => window[axis]))];
        const size = windows[0]?.[side] ?? 0;
        const total = new Float64Array(length);
        for (const start of starts) {
          const counted = counting(start, size, starts, plan.margin[axis]);
          if (start > 0) expect(counted[0]).toBeGreaterThanOrEqual(start + reach);
          if (start + size < length) expect(counted.at(-1)).toBeLessThan(start + size - reach);
          for (const [i, weight] of blendWeights(start, size, starts, plan.margin[axis]).entries()) {
            if (start + i < length) total[start + i] = (total[start + i] ?? 0) + weight;
          }
        }
        expect(furthest(total)).toBeLessThan(1e-12);
      }
    }
  });

  it('tells the budgets with which it is exact, and whole', () => {
    const limits = { reach: { pixels: 200 }, bytesPerPixel: 0 };
    const near = planTiles(2000, 2000, MULTIPLE, { ...limits, memoryBudget: 96 * 512 ** 2 });
    expect(near).toMatchObject({ isExact: false, margin: { x: 0, y: 0 }, exactBudget: 96 * 800 ** 2 });
    const { exactBudget = 0, wholeBudget } = near;
    expect(planTiles(2000, 2000, MULTIPLE, { ...limits, memoryBudget: exactBudget - 1 }).isExact).toBe(false);
    expect(planTiles(2000, 2000, MULTIPLE, { ...limits, memoryBudget: exactBudget }).isExact).toBe(true);
    expect(
      planTiles(2000, 2000, MULTIPLE, { ...limits, memoryBudget: wholeBudget - 1 }).windows.length,
    ).toBeGreaterThan(1);
    expect(planTiles(2000, 2000, MULTIPLE, { ...limits, memoryBudget: wholeBudget }).windows).toHaveLength(1);
    expect(
      planTiles(2000, 2000, MULTIPLE, { ...unknown, memoryBudget: 96 * 512 ** 2, bytesPerPixel: 0 })
        .exactBudget,
    ).toBeUndefined();
  });

  it('says how much memory the smallest tile takes, where the budget is less', () => {
    expect(() =>
      planTiles(5000, 5000, MULTIPLE, { ...unknown, memoryBudget: 1e6, bytesPerPixel: 1000 }),
    ).toThrow(/budget of 1 MB, expected at least 94 MB/);
  });
});
