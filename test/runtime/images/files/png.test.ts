import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { decodePng } from '../../../../runtime/images/files/png.js';
import { readTruthImage } from '../../../../runtime/node/images/files.js';
import { handmadePng, indexedPng, pngChunk } from '../../../support/png.js';

const decode = (bytes: Uint8Array, maxPixels = 1e6) =>
  decodePng(
    bytes,
    async (deflated, length) => promisify(inflate)(deflated, { maxOutputLength: length }),
    maxPixels,
  );

/** Samples that look random, smooth enough for every filter to win somewhere. */
function samples(length: number, full: number) {
  const values = Array.from({ length }, (_, i) =>
    Math.round((full / 2) * (1 + Math.sin(i / 7 + ((i * 7919) % 5)))),
  );
  return full > 255 ? Uint16Array.from(values) : Uint8Array.from(values);
}

describe('samples of PNG are those that were written, interlaced or not', () => {
  it.each([
    ['grey', 1, 255, 'b-w'],
    ['grey and alpha', 2, 255, 'b-w'],
    ['RGB', 3, 255, 'srgb'],
    ['RGBA', 4, 255, 'srgb'],
    ['grey, 16 bits', 1, 65535, 'grey16'],
    ['RGBA, 16 bits', 4, 65535, 'rgb16'],
  ] as const)('%s', async (_, channels, full, space) => {
    const [width, height] = [37, 23];
    const data = samples(width * height * channels, full);
    for (const progressive of [false, true]) {
      const image = sharp(data, { raw: { width, height, channels } }).toColourspace(space);
      const found = await decode(await image.png({ progressive, adaptiveFiltering: true }).toBuffer());
      expect(found).toMatchObject({ width, height, channels, depth: full > 255 ? 16 : 8 });
      expect(found.data).toEqual(data);
    }
  });

  it.each([1, 2, 4])('grey of %d bits is not scaled', async (depth) => {
    // 0b00011011 is 0, 1, 2, 3 in 2 bits.
    const png = handmadePng({
      width: 8 / depth,
      height: 1,
      depth,
      colourType: 0,
      rows: [Uint8Array.of(0b00011011)],
    });
    const expected = { 1: [0, 0, 0, 1, 1, 0, 1, 1], 2: [0, 1, 2, 3], 4: [1, 11] }[depth];
    expect([...(await decode(png)).data]).toEqual(expected);
  });

  it('a palette gives its indices, whatever is interlaced and however few bits they have', async () => {
    const palette = [0, 0, 0, 128, 0, 0, 0, 128, 0];
    const found = await decode(indexedPng(3, [0, 1, 2, 2, 1, 0], palette, [255, 0]));
    expect(found).toMatchObject({ width: 3, height: 2, channels: 1, palette: Buffer.from(palette) });
    expect([...found.data]).toEqual([0, 1, 2, 2, 1, 0]);
    const checks = sharp(Buffer.from(Array.from({ length: 300 }, (_, i) => (i % 7) * 40)), {
      raw: { width: 20, height: 15, channels: 1 },
    });
    const [plain, interlaced] = await Promise.all(
      [false, true].map(async (progressive) =>
        decode(await checks.clone().png({ palette: true, colours: 8, progressive }).toBuffer()),
      ),
    );
    expect(plain?.depth).toBeLessThan(8);
    expect(interlaced?.data).toEqual(plain?.data);
  });
});

it.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %d turns as sharp does', async (orientation) => {
  const raw = { width: 3, height: 2, channels: 1 } as const;
  const data = Uint8Array.of(10, 20, 30, 40, 50, 60);
  const bytes = await sharp(data, { raw })
    .toColourspace('b-w')
    .withMetadata({ orientation })
    .png()
    .toBuffer();
  const found = await readTruthImage(bytes);
  const turned = await sharp(bytes).autoOrient().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = turned.info;
  expect(found).toMatchObject({ width, height, channels, data: Uint8Array.from(turned.data) });
});

describe('hostile PNG is refused', () => {
  const rows = [Uint8Array.of(1, 2)];
  const plain = { width: 2, height: 1, depth: 8, colourType: 0, rows };
  const good = handmadePng(plain);
  const animated = Buffer.concat([
    good.subarray(0, 33),
    pngChunk('acTL', Buffer.alloc(8)),
    good.subarray(33),
  ]);
  const changed = Uint8Array.from(good, (byte, i) => (i === 45 ? byte ^ 1 : byte));

  it.each<[string, Uint8Array, RegExp]>([
    ['a changed byte', changed, /damaged/],
    ['half of it', good.subarray(0, good.length - 14), /truncated/],
    ['no header', Buffer.concat([good.subarray(0, 8), good.subarray(33)]), /damaged/],
    ['no width', handmadePng({ ...plain, width: 0 }), /damaged/],
    ['a depth that there is not', handmadePng({ ...plain, depth: 3 }), /damaged/],
    ['a colour type that there is not', handmadePng({ ...plain, colourType: 5 }), /damaged/],
    ['an index without a colour', indexedPng(2, [0, 3], [0, 0, 0]), /no colour for some of its pixels/],
    ['no palette', handmadePng({ ...plain, colourType: 3 }), /no colour for some of its pixels/],
    [
      'more pixels than allowed',
      handmadePng({ ...plain, width: 2000, height: 1000 }),
      /more than 1 megapixels/,
    ],
    [
      'more bytes than allowed',
      handmadePng({ ...plain, width: 1000, height: 1000, depth: 16, colourType: 6 }),
      /decodes to more than 6 MB/,
    ],
    ['an animation', animated, /several images/],
  ])('%s', async (_, bytes, says) => {
    await expect(decode(bytes)).rejects.toThrow(says);
  });
});
