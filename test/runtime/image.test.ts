import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { encodePng, readImage, readMask } from '../../runtime/image.js';
import { coverage, cut, dice, overlay } from '../../runtime/mask.js';
import { releaseRecipe } from '../../runtime/recipe.js';
import { resizeBilinear } from '../../runtime/resize.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

const grey = (width: number, height: number, values: readonly number[]) => ({
  width,
  height,
  channels: 1 as const,
  data: Float32Array.from(values),
});

describe('bilinear resize is interpolate(align_corners=False)', () => {
  // Values from torch.nn.functional.interpolate.
  it.each([
    ['up', grey(2, 1, [0, 1]), 4, 1, [0, 0.25, 0.75, 1]],
    ['down, without antialiasing', grey(4, 1, [0, 1, 2, 3]), 2, 1, [0.5, 2.5]],
    ['by no whole factor', grey(3, 1, [0, 3, 6]), 2, 1, [0.75, 5.25]],
    ['to a single pixel', grey(3, 3, [0, 1, 2, 3, 4, 5, 6, 7, 8]), 1, 1, [4]],
    ['from a single pixel', grey(1, 1, [7]), 2, 2, [7, 7, 7, 7]],
  ])('%s', (_, image, width, height, expected) => {
    expect([...resizeBilinear(image, width, height).data]).toEqual(expected);
  });
});

describe("the release's recipe", () => {
  const rgb = (...values: number[]) => ({ width: 2, height: 1, channels: 3, data: Uint8Array.from(values) });
  it('stretches the whole image, all channels alike, to 0..255 and puts channels first', () => {
    const { dims, data } = releaseRecipe(rgb(50, 100, 150, 100, 100, 100), 2, 1);
    expect(dims).toEqual([1, 3, 1, 2]);
    expect([...data]).toEqual([0, 127.5, 127.5, 127.5, 255, 127.5]);
  });
  it('gives zeros for a constant image', () => {
    expect([...releaseRecipe(rgb(9, 9, 9, 9, 9, 9), 2, 1).data]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('masks', () => {
  const mask = (...values: number[]) => ({ ...grey(values.length, 1, []), data: Uint8Array.from(values) });
  it('a pixel at the threshold belongs to the mask', () => {
    expect([...cut(grey(3, 1, [0.49, 0.5, 0.51]), 0.5).data]).toEqual([0, 255, 255]);
  });
  it('dice counts overlap, and two empty masks agree', () => {
    expect(dice(mask(255, 255, 0, 0), mask(0, 255, 255, 0))).toBe(0.5);
    expect(dice(mask(0, 0), mask(0, 0))).toBe(1);
    expect(coverage(mask(255, 0, 0, 0))).toBe(0.25);
  });
  it('an overlay changes what is inside and nothing else', () => {
    const image = { width: 2, height: 1, channels: 3 as const, data: new Uint8Array(6) };
    expect([...overlay(image, mask(0, 255)).data]).toEqual([0, 0, 0, 255, 64, 32]);
  });
});

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
  it('samples of 16 bits are refused, not cut', async () => {
    const path = join(folder, 'deep.png');
    const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: '#808080' } });
    writeFileSync(path, await pixel.toColourspace('rgb16').png().toBuffer());
    await expect(readImage(path)).rejects.toThrow(/deep\.png: .*samples are ushort, expected 8 bits/);
  });
  it('a mask that is written is read again, one channel of 0 and 255', async () => {
    const path = join(folder, 'mask.png');
    const mask = { width: 3, height: 1, channels: 1 as const, data: Uint8Array.of(0, 255, 255) };
    writeFileSync(path, await encodePng(mask));
    expect(await sharp(path).metadata()).toMatchObject({ channels: 1, depth: 'uchar', format: 'png' });
    expect([...(await readMask(path)).data]).toEqual([0, 255, 255]);
  });
  it('what is no image is refused with its name', async () => {
    const path = join(folder, 'text.jpg');
    writeFileSync(path, 'no image');
    await expect(readImage(path)).rejects.toMatchObject({
      code: 'BAD_IMAGE',
      message: expect.stringMatching(/^text\.jpg: /),
    });
  });
});
