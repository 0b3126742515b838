import { constants, open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Sharp } from 'sharp';
import { NmodeError, reason } from '../../../graph/errors.js';
import { FORMATS, formatOf, type ImageFormat, isAnimatedPng } from '../../images/formats.js';
import { type Mended, mend } from '../../images/mend.js';
import type { Mask, Raster, RgbImage } from '../../images/raster.js';
import { turn } from '../../images/turn.js';
import { cut } from '../../masks/cut.js';
import { sharesOf } from '../../masks/truth.js';
import { loadSharp } from './sharp.js';

/** Decoded, an image takes three bytes a pixel (six at 16 bits): at most 0.6 GB. */
export const MAX_PIXELS = 100_000_000;

/** More than 100 megapixels take uncompressed at 16 bits. */
export const MAX_FILE_BYTES = 2 ** 30;

/** The kinds of file that a folder is searched for. */
export const IMAGE_EXTENSIONS: readonly string[] = FORMATS.flatMap(({ extensions }) => extensions);

/** Where an image comes from: a file, or its contents. */
export type ImageFile = string | Uint8Array;

function nameOf(file: ImageFile): string {
  return typeof file === 'string' ? basename(file) : 'the image';
}

async function contentsOf(file: ImageFile): Promise<Uint8Array> {
  if (typeof file !== 'string') return file;
  // Opening a pipe would otherwise wait for somebody to write into it.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    if (stats.size > MAX_FILE_BYTES) throw new RangeError(`${stats.size} bytes are more than 1 GiB`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** @throws where the first bytes are of no format that is read, or of another than the name says */
function checkFormat(file: ImageFile, bytes: Uint8Array): ImageFormat['name'] {
  const format = formatOf(bytes, 'JPEG, PNG, WebP or TIFF');
  const extension = typeof file === 'string' ? extname(file).toLowerCase() : '';
  const named = FORMATS.find(({ extensions }) => extensions.some((known) => known === extension));
  if (named !== undefined && named !== format)
    throw new Error(`it is ${format.name}, not ${named.name}: rename it`);
  return format.name;
}

interface Opened extends Omit<Mended, 'bytes'> {
  readonly image: Sharp;
  readonly depth: 'uchar' | 'ushort';
}

async function openSharp(file: ImageFile): Promise<Opened> {
  const contents = await contentsOf(file);
  const { bytes, ...mended } = await mend(contents, checkFormat(file, contents));
  const sharp = await loadSharp();
  const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'warning' });
  const { depth, pages = 1, format } = await image.metadata();
  if (pages > 1 || (format === 'png' && isAnimatedPng(bytes))) {
    throw new Error(`it holds ${pages > 1 ? pages : 'several'} images, expected one`);
  }
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new Error(`its samples are ${depth}, expected 8 or 16 bits`);
  return { image, depth, ...mended };
}

/**
 * Decodes an image of 8 or 16 bits a channel, upright (EXIF orientation applied), to sRGB by its colour profile. Grey
 * becomes three channels. As in the release, which reads RGB, transparency is dropped. Harmless faults of the file are passed
 * over and told (`warnings`).
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export async function readImage(file: ImageFile): Promise<RgbImage> {
  try {
    const { image, depth, orientation, warnings } = await openSharp(file);
    const { data, info } = await image
      .autoOrient()
      .removeAlpha()
      .toColourspace(depth === 'uchar' ? 'srgb' : 'rgb16')
      .raw({ depth })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 3) throw new Error(`it decodes to ${channels} channels, expected 3`);
    const { buffer, byteOffset, length } = data;
    const pixels =
      depth === 'uchar'
        ? new Uint8Array(buffer, byteOffset, length)
        : new Uint16Array(buffer, byteOffset, length / 2);
    const upright = turn({ width, height, channels: 3, data: pixels }, orientation);
    return warnings.length === 0 ? upright : { ...upright, warnings };
  } catch (error) {
    throw new NmodeError('BAD_IMAGE', `${nameOf(file)}: cannot be read as an image: ${problem(error)}`, {
      cause: error,
    });
  }
}

/** A failure in the words of the file system where it has some, without the path that it repeats. */
function problem(error: unknown): string {
  // libvips says again what it has said before.
  const said = error instanceof Error ? error.message.split('\n') : [reason(error)];
  return reason([...new Set(said)].join(' '))
    .replace(/, open '.*'$/s, '')
    .replace(/^Input image exceeds pixel limit$/, `more than ${MAX_PIXELS / 1e6} megapixels`);
}

/**
 * Reads a ground-truth mask as shares, 0..1, of its first channel, and tells the harmless faults of its file.
 * @throws NmodeError (BAD_IMAGE)
 */
export async function readTruth(
  file: ImageFile,
): Promise<Raster & { readonly data: Float32Array; readonly warnings: readonly string[] }> {
  const image = await readImage(file);
  return { ...sharesOf(image, nameOf(file)), warnings: image.warnings ?? [] };
}

/**
 * Reads a ground-truth mask: what is at least half as light as white is inside.
 * @throws NmodeError (BAD_IMAGE)
 */
export async function readMask(file: ImageFile): Promise<Mask> {
  return cut(await readTruth(file), 0.5);
}

/** zlib's: a mask takes half the time of the default 6 and a tenth more bytes. */
const COMPRESSION = 3;

/**
 * Encodes pixels, grey or RGB, as PNG of the depth that they have.
 * @throws NmodeError (CANNOT_RUN) where sharp cannot
 */
export async function encodePng({ data, width, height, channels }: Raster): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  const [grey, colour] =
    data instanceof Uint16Array ? (['grey16', 'rgb16'] as const) : (['b-w', 'srgb'] as const);
  try {
    return await sharp(data, { raw, limitInputPixels: false })
      .toColourspace(channels === 1 ? grey : colour)
      .png({ compressionLevel: COMPRESSION })
      .toBuffer();
  } catch (error) {
    throw new NmodeError('CANNOT_RUN', `${width}x${height} pixels as PNG: ${reason(error)}`, {
      cause: error,
    });
  }
}
