import { describe, expect, it } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { readHeader } from '../../../runtime/web/header.js';
import { fixture } from '../../support/fixtures.js';

const image = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 4, background: { r: 9, g: 99, b: 199, alpha: 0.5 } } });

describe('what a file says of its image before it is decoded', () => {
  it.each([
    ['JPEG', 8, (from: Sharp) => from.removeAlpha().jpeg()],
    ['progressive JPEG', 8, (from: Sharp) => from.removeAlpha().jpeg({ progressive: true })],
    ['JPEG with metadata', 8, (from: Sharp) => from.removeAlpha().withMetadata({ orientation: 6 }).jpeg()],
    ['PNG', 8, (from: Sharp) => from.png()],
    ['PNG of 16 bits', 16, (from: Sharp) => from.toColourspace('rgb16').png()],
    ['WebP', 8, (from: Sharp) => from.removeAlpha().webp()],
    ['WebP with opacity', 8, (from: Sharp) => from.webp()],
    ['lossless WebP', 8, (from: Sharp) => from.webp({ lossless: true })],
  ])('%s', async (_, depth, encode) => {
    for (const [width, height] of [
      [1, 1],
      [33, 57],
      [300, 2],
    ] as const) {
      const bytes = await encode(image(width, height)).toBuffer();
      expect(readHeader(bytes)).toMatchObject({ width, height, depth });
      const cut = bytes.subarray(0, bytes.length - 3);
      expect(() => readHeader(cut)).toThrow('it is truncated');
      expect(() => readHeader(bytes.subarray(0, 14))).toThrow('it is truncated');
    }
  });

  it('a photograph', async () => {
    const bytes = await sharp(fixture('images', 'ISIC_0014077.jpg')).jpeg().toBuffer();
    expect(readHeader(bytes)).toEqual({
      ...{ format: 'JPEG', width: 512, height: 512, depth: 8 },
      ...{ grey: false, alpha: false },
    });
  });

  it('a JPEG that hides its size behind a marker without a length is refused', async () => {
    const bytes = await image(9, 9).removeAlpha().jpeg().toBuffer();
    const hiding = Buffer.concat([
      bytes.subarray(0, 2),
      Buffer.of(0xff, 0xd0, 0x00, 0x04),
      bytes.subarray(2),
    ]);
    expect(() => readHeader(hiding)).toThrow('its segments are damaged');
  });

  it.each([
    ['TIFF', () => image(4, 4).tiff().toBuffer(), /browsers do not decode TIFF/],
    ['GIF', () => image(4, 4).gif().toBuffer(), /expected JPEG, PNG or WebP$/],
    [
      'an animation',
      async () => {
        const frames = [await image(4, 4).png().toBuffer(), await image(4, 4).negate().png().toBuffer()];
        return sharp(frames, { join: { animated: true } })
          .webp({ loop: 1 })
          .toBuffer();
      },
      /several images/,
    ],
    ['nothing', async () => Buffer.alloc(0), /it is empty/],
  ])('%s is refused', async (_, make, says) => {
    const bytes = await make();
    expect(() => readHeader(bytes)).toThrow(says);
  });
});
