import type { Sharp, SharpOptions } from 'sharp';
import { isAnimatedPng } from '../../images/files/formats.js';
import { withPackages } from '../packages.js';

/** Decoded, an image takes three bytes a pixel (six at 16 bits): at most 0.6 GB. */
export const MAX_PIXELS = 100_000_000;

/**
 * sharp, loaded at the first image so that importing this package costs nothing. Its cache is for programs that do the same to
 * the same image again: it would hold the last hundred steps, and 50 MB.
 * @throws NmodeError (CANNOT_RUN) where it is not installed
 */
export async function loadSharp() {
  const { default: sharp } = await withPackages('reading images', () => import('sharp'));
  sharp.cache(false);
  return sharp;
}

/** libvips' names of the kinds of samples that are not taken. */
const SAMPLES: Readonly<Record<string, string>> = {
  char: 'signed, of 8 bits',
  short: 'signed, of 16 bits',
  int: 'signed, of 32 bits',
  uint: 'of 32 bits',
  float: 'floating-point numbers of 32 bits',
  double: 'floating-point numbers of 64 bits',
  complex: 'complex numbers',
  dpcomplex: 'complex numbers',
};

/** @throws Error for several images, and for samples of other kinds */
export async function openSharp(bytes: Uint8Array, options: SharpOptions = {}) {
  const sharp = await loadSharp();
  const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'warning', ...options });
  const { depth, pages = 1, format, space, hasAlpha } = await image.metadata();
  if ((pages > 1 && options.page === undefined) || (format === 'png' && isAnimatedPng(bytes))) {
    throw new Error(`it holds ${pages > 1 ? pages : 'several'} images, expected one`);
  }
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new Error(
      `its samples are ${SAMPLES[depth] ?? depth}, expected whole numbers of 8 or 16 bits without a sign: scale and shift them into 0 to 65535`,
    );
  return { image, depth, space, hasAlpha };
}

/** Whether pixels in a space of libvips are grey. */
export const isGrey = (space: string): boolean => space === 'b-w' || space === 'grey16';

/** Pixels in a colour space; upright where nobody took the orientation out. */
export async function rawOf(image: Sharp, space: string, depth: 'uchar' | 'ushort') {
  const { data, info } = await image
    .autoOrient()
    .toColourspace(space)
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const { buffer, byteOffset, length } = data;
  const pixels =
    depth === 'uchar'
      ? new Uint8Array(buffer, byteOffset, length)
      : new Uint16Array(buffer, byteOffset, length / 2);
  return { width, height, channels, data: pixels };
}
