import { describe, expect, it } from '@jest/globals';
import type { Mask } from '../../../runtime/common/raster.js';
import { contoursOf, type Polygon } from '../../../runtime/masks/contours.js';
import { runLengthOf } from '../../../runtime/masks/run-length.js';

/** A mask from a drawing: what is no dot is inside. */
function maskOf(...rows: readonly string[]): Mask {
  const text = rows.join('');
  const data = Uint8Array.from(text, (character) => (character === '.' ? 0 : 255));
  return { width: rows[0]?.length ?? 0, height: rows.length, channels: 1, data };
}

/** The shoelace formula: positive where the line goes clockwise, with y downwards. */
const signedArea = (polygon: Polygon) =>
  polygon.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length] ?? [0, 0];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);

const area = ({ data }: Mask) => data.reduce((sum, value) => sum + value / 255, 0);

describe('contours', () => {
  it('of a pixel are its four corners', () => {
    expect(contoursOf(maskOf('...', '.#.', '...'))).toEqual([
      [
        [1, 1],
        [2, 1],
        [2, 2],
        [1, 2],
      ],
    ]);
  });

  it('of a ring are two, the hole the other way round', () => {
    const contours = contoursOf(maskOf('###', '#.#', '###'));
    expect(contours.map(signedArea)).toEqual([9, -1]);
  });

  it('regions that touch over a corner are one', () => {
    expect(contoursOf(maskOf('#.', '.#'))).toHaveLength(1);
  });

  it('of nothing are none, of everything the border', () => {
    expect(contoursOf(maskOf('..', '..'))).toEqual([]);
    expect(contoursOf(maskOf('##', '##'))).toHaveLength(1);
  });

  it('enclose as many pixels as the mask has, for masks of noise', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const [width, height] = [1 + (seed % 13), 1 + ((seed * 7) % 11)];
      const random = (i: number) => ((i * 2654435761 + seed * 97) >>> 7) % 100 < 55;
      const data = Uint8Array.from({ length: width * height }, (_, i) => (random(i) ? 255 : 0));
      const mask: Mask = { width, height, channels: 1, data };
      const enclosed = contoursOf(mask).reduce((sum, polygon) => sum + signedArea(polygon), 0);
      expect(enclosed).toBe(area(mask));
    }
  });
});

describe('run lengths', () => {
  it("go column by column and begin outside, as COCO's", () => {
    expect(runLengthOf(maskOf('.#', '##'))).toEqual({ size: [2, 2], counts: [1, 3] });
    expect(runLengthOf(maskOf('#.', '#.'))).toEqual({ size: [2, 2], counts: [0, 2, 2] });
  });
});
