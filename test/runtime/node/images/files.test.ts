import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { encodePng, readImage, readMask } from '../../../../runtime/node/images/files.js';
import { fixture } from '../../../support/fixtures.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('files', () => {
  it('an image is read upright: EXIF says that its top is at the right', async () => {
    const path = join(folder, 'rotated.jpg');
    const red = { create: { width: 4, height: 2, channels: 3, background: '#ff0000' } } as const;
    writeFileSync(path, await sharp(red).withMetadata({ orientation: 6 }).jpeg().toBuffer());
    expect(await readImage(path)).toMatchObject({ width: 2, height: 4, channels: 3 });
  });
  it('grey becomes three channels, and transparency is dropped as the release drops it', async () => {
    const path = join(folder, 'grey.png');
    const background = { r: 200, g: 200, b: 200, alpha: 0.5 };
    const pixel = sharp({ create: { width: 1, height: 1, channels: 4, background } });
    writeFileSync(path, await pixel.toColourspace('b-w').png().toBuffer());
    expect([...(await readImage(path)).data]).toEqual([200, 200, 200]);
  });
  it('16 bits stay 16 bits, grey or colour', async () => {
    const raw = { width: 2, height: 1, channels: 1 } as const;
    const grey = sharp(Uint16Array.of(7, 60000), { raw }).toColourspace('grey16');
    for (const file of [await grey.png().toBuffer(), await grey.tiff({ compression: 'lzw' }).toBuffer()]) {
      const { data } = await readImage(file);
      expect(data).toEqual(Uint16Array.of(7, 7, 7, 60000, 60000, 60000));
    }
    const colour = sharp(Uint16Array.of(1, 300, 65535), { raw: { width: 1, height: 1, channels: 3 } });
    const png = await colour.toColourspace('rgb16').png().toBuffer();
    expect((await readImage(png)).data).toEqual(Uint16Array.of(1, 300, 65535));
  });
  it('colours of another profile, and CMYK, come as sRGB', async () => {
    const green = sharp({ create: { width: 4, height: 4, channels: 3, background: '#20c040' } });
    const wide = await green.clone().withIccProfile('p3').png().toBuffer();
    const [red = 0, middle = 0, blue = 0] = (await readImage(wide)).data;
    for (const [found, expected] of [
      [red, 0x20],
      [middle, 0xc0],
      [blue, 0x40],
    ] as const) {
      expect(Math.abs(found - expected)).toBeLessThanOrEqual(2);
    }
    const ink = await green
      .clone()
      .toColourspace('cmyk')
      .withIccProfile('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer();
    const { channels, data } = await readImage(ink);
    expect(channels).toBe(3);
    // Green lies outside what inks can print: it comes as the nearest one that they can.
    expect(data[1]).toBeGreaterThan(2 * Math.min(data[0] ?? 0, data[2] ?? 0));
  });
  it('a mask that is written is read again, one channel of 0 and 255', async () => {
    const path = join(folder, 'mask.png');
    const mask = { width: 3, height: 1, channels: 1 as const, data: Uint8Array.of(0, 255, 255) };
    writeFileSync(path, await encodePng(mask));
    expect(await sharp(path).metadata()).toMatchObject({ channels: 1, depth: 'uchar', format: 'png' });
    expect([...(await readMask(path)).data]).toEqual([0, 255, 255]);
  });
});

describe('bad files are refused with their name, in one line', () => {
  const png = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#806040' }, limitInputPixels: false })
      .png()
      .toBuffer();
  const photograph = readFileSync(fixture('images', 'ISIC_0000082.jpg'));

  /** An APNG of two frames: the chunk that says so stands before the image data (it is found before its CRC is looked at). */
  async function animatedPng(): Promise<Uint8Array> {
    const still = await png(2, 2);
    const control = Buffer.alloc(20);
    control.writeUInt32BE(8, 0);
    control.write('acTL', 4, 'latin1');
    control.writeUInt32BE(2, 8);
    const header = 8 + 25;
    return Buffer.concat([still.subarray(0, header), control, still.subarray(header)]);
  }

  /** One grey pixel of 32-bit floating point (TIFF 6.0). */
  function floatTiff(): Uint8Array {
    const [short, long] = [3, 4];
    const tags = [
      [256, long, 1],
      [257, long, 1],
      [258, short, 32],
      [259, short, 1],
      [262, short, 1],
      [273, long, 8],
      [277, short, 1],
      [278, long, 1],
      [279, long, 4],
      [339, short, 3],
    ] as const;
    const file = Buffer.alloc(12 + 2 + 12 * tags.length + 4);
    file.write('II*\0', 'latin1');
    file.writeUInt32LE(12, 4);
    file.writeFloatLE(0.5, 8);
    file.writeUInt16LE(tags.length, 12);
    for (const [at, [tag, type, value]] of tags.entries()) {
      file.writeUInt16LE(tag, 14 + 12 * at);
      file.writeUInt16LE(type, 16 + 12 * at);
      file.writeUInt32LE(1, 18 + 12 * at);
      file.writeUInt32LE(value, 22 + 12 * at);
    }
    return file;
  }

  async function animatedWebp(): Promise<Uint8Array> {
    return sharp(
      [
        await png(2, 2),
        await sharp(await png(2, 2))
          .negate()
          .toBuffer(),
      ],
      { join: { animated: true } },
    )
      .webp({ loop: 1 })
      .toBuffer();
  }

  /** A photograph of which some bytes in the middle are others. */
  async function damagedTiff(compression: 'lzw' | 'jpeg'): Promise<Uint8Array> {
    const bytes = await sharp(photograph).tiff({ compression }).toBuffer();
    return bytes.map((byte, at) => byte ^ (Math.abs(at - bytes.length / 2) < 4 ? 0xa5 : 0));
  }

  it.each<[string, string, () => Promise<Uint8Array>, RegExp]>([
    ['text', 'text.jpg', async () => Buffer.from('no image'), /expected JPEG, PNG, WebP or TIFF/],
    [
      'SVG',
      'picture.svg',
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      /expected JPEG/,
    ],
    ['nothing', 'empty.png', async () => new Uint8Array(), /it is empty/],
    ['half a JPEG', 'half.jpg', async () => photograph.subarray(0, 5000), /it is truncated$/],
    ['half a PNG', 'half.png', async () => (await png(64, 64)).subarray(0, 120), /./],
    ['a PNG that says JPEG', 'photo.jpg', () => png(2, 2), /it is PNG, not JPEG: rename it/],
    ['an animation', 'moving.webp', animatedWebp, /it holds 2 images, expected one/],
    ['an animated PNG', 'moving.png', animatedPng, /it holds several images, expected one/],
    ['20,000 x 15,000 pixels', 'bomb.png', () => png(20_000, 15_000), /more than 100 megapixels/],
    [
      'floating point',
      'deep.tiff',
      async () => floatTiff(),
      /samples are floating-point numbers of 32 bits, expected whole numbers of 8 or 16 bits without a sign/,
    ],
    // libvips says more, part by part and tile by tile, and that it takes warnings for errors.
    ['damaged LZW', 'lzw.tif', () => damagedTiff('lzw'), /: Using code not yet in table$/],
    [
      'damaged JPEG in TIFF',
      'jpeg.tif',
      () => damagedTiff('jpeg'),
      /: Corrupt JPEG data: premature end of data segment$/,
    ],
  ])('%s', async (_, name, contents, says) => {
    const path = join(folder, name);
    writeFileSync(path, await contents());
    const error: unknown = await readImage(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BAD_IMAGE', message: expect.stringMatching(says) });
    expect(error).toMatchObject({
      message: expect.stringMatching(`^${name}: cannot be read as an image: [^\\n]*$`),
    });
  });

  it('a folder, a pipe, and what is not there', async () => {
    await expect(readImage(folder)).rejects.toThrow(/it is a folder/);
    const pipe = join(folder, 'pipe.png');
    execFileSync('mkfifo', [pipe]);
    await expect(readImage(pipe)).rejects.toThrow(/^pipe\.png: .*it is not a regular file/);
    await expect(readImage('/dev/null')).rejects.toThrow(/^null: .*it is not a regular file/);
    await expect(readImage(join(folder, 'no.png'))).rejects.toThrow(
      /^no\.png: .*ENOENT: no such file or directory$/,
    );
  });
});
