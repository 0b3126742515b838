import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readImage } from '../../../../runtime/node/images/files.js';
import { chunk, exif, HARMFUL, HARMLESS, picture, segment, TURNED } from '../../../support/image-files.js';

describe('faults that change no pixel are passed over and told', () => {
  it.each(HARMLESS)('%s', async (_, whole, make, told) => {
    const { warnings = [], ...found } = await readImage(await make());
    expect(found).toEqual(await readImage(await whole()));
    expect(warnings).toEqual(told.map((says) => expect.stringMatching(says)));
  });
});

describe('faults with which pixels are lost are refused', () => {
  it.each(HARMFUL)('%s', async (_, make) => {
    const refused = readImage(await make());
    await expect(refused).rejects.toMatchObject({
      code: 'BAD_IMAGE',
      message: expect.stringMatching(/^the image: cannot be read as an image: [^\n]+$/),
    });
  });
});

describe('every format comes upright', () => {
  it.each(Object.entries(TURNED))('%s', async (_, make) => {
    for (const [orientation, little] of [
      [1, true],
      [3, false],
      [5, true],
      [6, false],
    ] as const) {
      const bytes = await make(exif(orientation, { little }));
      const { data, info } = await sharp(bytes)
        .autoOrient()
        .removeAlpha()
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      const found = await readImage(bytes);
      expect(found).toMatchObject({ width: info.width, height: info.height });
      if (found.data instanceof Uint8Array) expect(found.data).toEqual(Uint8Array.from(data));
    }
  });

  it('TIFF', async () => {
    const bytes = await picture().tiff().withMetadata({ orientation: 6 }).toBuffer();
    expect(await readImage(bytes)).toMatchObject({ width: 34, height: 50 });
  });
});

describe('what holds many thousand parts is refused, not held', () => {
  it('JPEG', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const part = segment(0xe5, '');
    const many = Buffer.concat([
      jpeg.subarray(0, 2),
      Buffer.alloc(70_000 * part.length, part),
      jpeg.subarray(2),
    ]);
    await expect(readImage(many)).rejects.toThrow(/more than 65536 segments/);
  });

  it('PNG', async () => {
    const png = await picture().png().toBuffer();
    const part = chunk('tEXt', '', false);
    const many = Buffer.concat([
      png.subarray(0, 33),
      Buffer.alloc(20_000 * part.length, part),
      png.subarray(33),
    ]);
    await expect(readImage(many)).rejects.toThrow(/more than 10000 of its chunks are to be left out/);
  });
});
