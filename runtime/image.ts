import { basename } from 'node:path';
import { NmodeError, reason } from '../graph/errors.js';
import type { Mask, Raster, RgbImage } from './raster.js';

/** An image takes three bytes a pixel decoded, its probabilities four a class and its mask one: at most 0.8 GB. */
export const MAX_PIXELS = 100_000_000;

/** The kinds of file that a folder is searched for. */
export const IMAGE_EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'];

/** sharp, loaded at the first image so that importing this package costs nothing. */
async function loadSharp() {
  return (await import('sharp')).default;
}

/**
 * Decodes an image of 8 bits a channel, upright (EXIF orientation applied), to sRGB. As in the release, which reads RGB,
 * transparency is dropped. Deeper samples are refused: cut to 8 bits they would not be what the network was trained on.
 * @throws NmodeError (BAD_IMAGE)
 */
export async function readImage(path: string): Promise<RgbImage> {
  const sharp = await loadSharp();
  try {
    const image = sharp(path, { limitInputPixels: MAX_PIXELS, failOn: 'warning' });
    const { depth } = await image.metadata();
    if (depth !== 'uchar') throw new Error(`its samples are ${depth}, expected 8 bits a channel`);
    const { data, info } = await image
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels, expected 3`);
    return { width: info.width, height: info.height, channels: 3, data };
  } catch (error) {
    throw new NmodeError('BAD_IMAGE', `${basename(path)}: cannot be read as an image: ${reason(error)}`, {
      cause: error,
    });
  }
}

/**
 * Reads a ground-truth mask: what is lighter than half grey is inside.
 * @throws NmodeError (BAD_IMAGE)
 */
export async function readMask(path: string): Promise<Mask> {
  const { width, height, data } = await readImage(path);
  const inside = new Uint8Array(width * height);
  for (let i = 0; i < inside.length; i++) inside[i] = (data[3 * i] ?? 0) >= 128 ? 255 : 0;
  return { width, height, channels: 1, data: inside };
}

/** Encodes 8-bit pixels, grey or RGB, as PNG. */
export async function encodePng({ data, width, height, channels }: Raster): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  return sharp(data, { raw })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}
