import { describe, expect, it } from '@jest/globals';
import type { Mask } from '../../../runtime/common/raster.js';
import { clean, componentsOf } from '../../../runtime/masks/components.js';

/** A mask drawn in characters: '#' is inside. */
function drawn(...rows: string[]): Mask {
  const text = rows.join('');
  return {
    width: rows[0]?.length ?? 0,
    height: rows.length,
    channels: 1,
    data: Uint8Array.from(text, (character) => (character === '#' ? 255 : 0)),
  };
}

function rowsOf({ width, height, data }: Mask): string[] {
  const text = Array.from(data, (value) => (value === 255 ? '#' : '.')).join('');
  return Array.from({ length: height }, (_, row) => text.slice(row * width, (row + 1) * width));
}

describe('connected components', () => {
  it('connect over corners, the largest first, each with its box', () => {
    const mask = drawn('#....', '.#...', '....#', '##..#', '##..#');
    expect(componentsOf(mask)).toMatchObject({ count: 3, area: 9 });
    expect(componentsOf(mask).largest).toEqual([
      { area: 4, box: { x: 0, y: 3, width: 2, height: 2 } },
      { area: 3, box: { x: 4, y: 2, width: 1, height: 3 } },
      { area: 2, box: { x: 0, y: 0, width: 2, height: 2 } },
    ]);
  });

  it('an empty mask has none, a full one has one', () => {
    expect(componentsOf(drawn('...', '...'))).toEqual({ count: 0, area: 0, largest: [] });
    expect(componentsOf(drawn('###', '###'))).toMatchObject({ count: 1, largest: [{ area: 6 }] });
  });

  it('areas add up to the mask, whatever its shape', () => {
    // A linear congruential generator: the same masks on every run.
    let state = 1;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    for (const share of [0.2, 0.5, 0.7]) {
      const data = Uint8Array.from({ length: 37 * 23 }, () => (random() < share ? 255 : 0));
      const mask: Mask = { width: 37, height: 23, channels: 1, data };
      const { area: total, largest } = componentsOf(mask);
      const areas = largest.map(({ area }) => area);
      expect(total).toBe(data.filter((value) => value !== 0).length);
      expect(areas.reduce((sum, area) => sum + area, 0)).toBe(data.filter((value) => value !== 0).length);
      expect(areas).toEqual([...areas].sort((a, b) => b - a));
    }
  });
});

it('of a mask of noise the largest thousand are listed, and all are counted', () => {
  const data = Uint8Array.from({ length: 100 * 100 }, (_, i) =>
    i % 2 === 0 && Math.floor(i / 100) % 2 === 0 ? 255 : 0,
  );
  data.fill(255, 9800, 9900);
  const { count, area, largest } = componentsOf({ width: 100, height: 100, channels: 1, data });
  expect([count, largest.length, largest[0]?.area, area]).toEqual([2451, 1000, 100, 2550]);
});

describe('cleaning', () => {
  const mask = drawn('####..', '#..#.#', '#..#..', '####..', '......', '##....');

  it('without options leaves the mask as it is', () => {
    expect(clean(mask, {})).toBe(mask);
  });

  it('fills what the mask encloses, and not what reaches the border', () => {
    expect(rowsOf(clean(mask, { fillHoles: true }))).toEqual([
      '####..',
      '####.#',
      '####..',
      '####..',
      '......',
      '##....',
    ]);
  });

  it('a curve that is closed over corners encloses', () => {
    expect(rowsOf(clean(drawn('.#.', '#.#', '.#.'), { fillHoles: true }))).toEqual(['.#.', '###', '.#.']);
  });

  it('keeps the largest part', () => {
    expect(rowsOf(clean(mask, { largestComponent: true }))).toEqual([
      '####..',
      '#..#..',
      '#..#..',
      '####..',
      '......',
      '......',
    ]);
  });

  it('drops parts of fewer pixels than asked, and no others', () => {
    const kept = rowsOf(clean(mask, { minArea: 2 }));
    expect(kept[1]).toBe('#..#..');
    expect(kept[5]).toBe('##....');
    expect(rowsOf(clean(mask, { minArea: 13 })).join('')).not.toContain('#');
  });

  it('fills before it measures: a ring counts with its hole', () => {
    expect(rowsOf(clean(mask, { fillHoles: true, minArea: 13 }))[1]).toBe('####..');
  });
});
