import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { Orientation } from '../../../runtime/images/files/exif.js';
import { turn } from '../../../runtime/images/turn.js';

const [width, height] = [5, 3];

describe('an image is turned as sharp turns it', () => {
  it.each<[Orientation]>([[1], [2], [3], [4], [5], [6], [7], [8]])('orientation %d', async (orientation) => {
    const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37) & 255);
    const raw = { width, height, channels: 3 } as const;
    const png = await sharp(data, { raw }).withMetadata({ orientation }).png().toBuffer();
    const upright = await sharp(png).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const { info } = upright;
    const image = { ...raw, data };
    expect(turn(image, orientation)).toEqual({
      width: info.width,
      height: info.height,
      channels: 3,
      data: Uint8Array.from(upright.data),
    });
    const deep = turn({ ...raw, data: Uint16Array.from(data, (value) => value * 257) }, orientation);
    expect(deep.data).toEqual(Uint16Array.from(upright.data, (value) => value * 257));
  });
});
