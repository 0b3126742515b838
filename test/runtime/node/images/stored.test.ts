import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readChannels } from '../../../../runtime/node/images/channels.js';
import { handmadePng } from '../../../support/png.js';

const asStored = (file: Uint8Array, channels: number) => readChannels(file, { channels, stored: true });

const deep = (...samples: number[]) => Uint8Array.from(samples.flatMap((value) => [value >> 8, value & 255]));

// What Pillow 11.1 and scikit-image 0.25 read of the same files.
describe('PNG for a model that reads as scikit-image does', () => {
  it('has the samples of the file, whatever its colour profile says', async () => {
    const data = Uint8Array.of(200, 30, 40, 10, 220, 90);
    const raw = sharp(data, { raw: { width: 2, height: 1, channels: 3 } });
    const profiled = await raw.toColourspace('srgb').withIccProfile('p3').png().toBuffer();
    const { data: written } = await sharp(profiled, { ignoreIcc: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...(await asStored(profiled, 3)).data]).toEqual([...written]);
    expect([...(await readChannels(profiled, { channels: 3 })).data]).not.toEqual([...written]);
    const tiff = await raw
      .clone()
      .toColourspace('srgb')
      .withIccProfile('p3')
      .tiff({ compression: 'none' })
      .toBuffer();
    expect([...(await asStored(tiff, 3)).data]).toEqual([...written]);
  });

  it.each([
    ['grey of 1 bit', 1, { depth: 1, colourType: 0, rows: [Uint8Array.of(0b10000000)] }, [1, 0]],
    ['grey of 4 bits', 1, { depth: 4, colourType: 0, rows: [Uint8Array.of(0x3d)] }, [51, 221]],
    ['grey of 16 bits', 1, { depth: 16, colourType: 0, rows: [deep(0x1234, 0xfedc)] }, [0x1234, 0xfedc]],
    [
      'colours of 16 bits',
      3,
      { depth: 16, colourType: 2, rows: [deep(0x1234, 0x99, 0xffff, 0x180, 0, 0x8000)] },
      [0x12, 0, 255, 1, 0, 128],
    ],
    [
      'colours and alpha',
      4,
      { depth: 8, colourType: 6, rows: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] },
      [1, 2, 3, 4, 5, 6, 7, 8],
    ],
    [
      'colours without alpha',
      3,
      { depth: 8, colourType: 6, rows: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] },
      [1, 2, 3, 5, 6, 7],
    ],
    [
      'a palette',
      3,
      { depth: 8, colourType: 3, rows: [Uint8Array.of(1, 0)], palette: [1, 2, 3, 40, 50, 60] },
      [40, 50, 60, 1, 2, 3],
    ],
  ] as const)('%s', async (_, channels, png, expected) => {
    const image = await asStored(handmadePng({ width: 2, height: 1, ...png }), channels);
    expect(image.channels).toBe(channels);
    expect([...image.data]).toEqual(expected);
  });
});
