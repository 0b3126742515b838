import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readImage } from '../../../../runtime/node/images/files.js';
import { readHeader } from '../../../../runtime/web/header.js';
import { decodeDeepPng, encodePng } from '../../../../runtime/web/images/png.js';

const decode = async (bytes: Uint8Array) => decodeDeepPng(bytes, readHeader(bytes));

/** Numbers of 16 bits that look random, smooth enough for every filter to win somewhere. */
function samples(width: number, height: number, channels: number): Uint16Array {
  return Uint16Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return Math.round(32768 + 20000 * Math.sin(x / 5 + i) * Math.cos(y / 7) + ((i * 7919) % 997)) & 65535;
  });
}

describe('PNG of 16 bits', () => {
  it.each([
    ['grey', 1, 'grey16'],
    ['grey with opacity', 2, 'grey16'],
    ['RGB', 3, 'rgb16'],
    ['RGB with opacity', 4, 'rgb16'],
  ] as const)("%s is decoded to Node's pixels, with and without filters", async (_, channels, space) => {
    const [width, height] = [61, 47];
    for (const adaptiveFiltering of [false, true]) {
      const bytes = await sharp(samples(width, height, channels), { raw: { width, height, channels } })
        .toColourspace(space)
        .png({ adaptiveFiltering })
        .toBuffer();
      // What is said of the file, both say when they have its header.
      const [found, { warnings: _warnings, ...expected }] = [await decode(bytes), await readImage(bytes)];
      expect(expected.data).toBeInstanceOf(Uint16Array);
      expect(found).toEqual(expected);
    }
  });

  it('that is damaged, interlaced or of a colour profile is refused', async () => {
    const raw = { width: 9, height: 9, channels: 3 } as const;
    const image = sharp(samples(9, 9, 3), { raw }).toColourspace('rgb16');
    const bytes = await image.png().toBuffer();
    const damaged = Uint8Array.from(bytes);
    damaged.fill(0, 60, 70);
    await expect(decode(damaged)).rejects.toThrow('it is damaged');
    const interlaced = await image.clone().png({ progressive: true }).toBuffer();
    await expect(decode(interlaced)).rejects.toThrow(/interlaced/);
    const profile = await image.clone().withIccProfile('p3').png().toBuffer();
    await expect(decode(profile)).rejects.toThrow(/colour profile/);
    const turned = await image.clone().withMetadata({ orientation: 6 }).png().toBuffer();
    await expect(decode(turned)).rejects.toThrow(/cannot turn it|colour profile/);
  });

  it('is not larger than its first chunk says: a second header is refused', async () => {
    const bytes = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const header = bytes.subarray(8, 33);
    const twice = Buffer.concat([bytes.subarray(0, 33), header, bytes.subarray(33)]);
    expect(() => readHeader(twice)).toThrow('it is damaged');
    // What follows its end is no part of it.
    expect(readHeader(Buffer.concat([bytes, Buffer.alloc(512)]))).toMatchObject({ width: 2, height: 2 });
  });
});

describe('a mask as PNG', () => {
  it.each([1, 3])('has the pixels that it was made of: %d channels', async (channels) => {
    const data = Uint8Array.from({ length: 23 * 17 * channels }, (_, i) => (i * 37) & 255);
    const png = await encodePng({ width: 23, height: 17, channels, data });
    const { data: found, info } = await sharp(await png.arrayBuffer())
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 23, height: 17, channels });
    expect(Uint8Array.from(found)).toEqual(data);
  });
});
