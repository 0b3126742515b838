import { constants, open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { badImage, NmodeError, reason } from '../../../graph/common/errors.js';
import { checkArgument, isOf, type Kind } from '../../../graph/common/option-kinds.js';
import { type Mask, PIXELS, type Raster, type RgbImage } from '../../common/raster.js';
import { TAKEN, withWarnings } from '../../images/channels.js';
import { isOrientation, type Mended, type Orientation } from '../../images/files/exif.js';
import { FORMATS, formatOf, type ImageFormat, isLossyWebp } from '../../images/files/formats.js';
import { finished, mend } from '../../images/files/mend.js';
import { decodePng } from '../../images/files/png.js';
import { type StoredSamples, TIFF_TAGS, tiffSamples, tiffTag } from '../../images/files/tiff.js';
import { writePng } from '../../images/files/write-png.js';
import { type Truth, type TruthReading, truthOf } from '../../truth/truth.js';
import { truthAt } from '../../truth/truth-at.js';
import { type TruthImage, truthOfPng } from '../../truth/truth-image.js';
import { type FilePath, isPath, pathOf } from '../path-of.js';
import { isGrey, loadSharp, MAX_PIXELS, openSharp, rawOf } from './sharp.js';

/** More than 100 megapixels take uncompressed at 16 bits. */
export const MAX_FILE_BYTES = 2 ** 30;

/** The kinds of file that a folder is searched for. */
export const IMAGE_EXTENSIONS: readonly string[] = FORMATS.flatMap(({ extensions }) => extensions);

/** Where an image comes from: a file, or its contents. */
export type ImageFile = FilePath | Blob | ArrayBuffer | Uint8Array;

/** The same by what is passed on: a path, or bytes. */
export type LocalFile = string | Uint8Array;

const isBlob = (file: unknown): file is Blob => isOf('Blob')(file) || isOf('File')(file);

export const isFile = (file: unknown): file is ImageFile =>
  isPath(file) || isBlob(file) || isOf('ArrayBuffer')(file) || isOf('Uint8Array')(file);

/** @throws NmodeError (BAD_USAGE) for what is not a file of this machine */
export function localFile(file: ImageFile): LocalFile | Promise<LocalFile> {
  if (isPath(file)) return pathOf(file, 'file');
  if (isBlob(file)) return bytesOfBlob(file);
  return isOf('Uint8Array')(file) ? (file as Uint8Array) : new Uint8Array(file);
}

/** @throws NmodeError (BAD_IMAGE) where what it is of has changed since */
async function bytesOfBlob(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw badImage(`the Blob of an image cannot be read: ${reason(error)}`, { cause: error });
  }
}

const IMAGE_FILE: Kind = ['the path of an image, its file: URL, a Blob or bytes', isFile];

/** @throws NmodeError (BAD_USAGE) for what is no file */
function givenFile(file: ImageFile): LocalFile | Promise<LocalFile> {
  checkArgument('file', file, IMAGE_FILE);
  return localFile(file);
}

/** What messages call it. */
export function nameOf(file: LocalFile): string {
  return typeof file === 'string' ? basename(file) : 'the image';
}

async function contentsOf(file: LocalFile): Promise<Uint8Array> {
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
function checkFormat(file: LocalFile, bytes: Uint8Array): ImageFormat['name'] {
  const format = formatOf(bytes, 'JPEG, PNG, WebP or TIFF');
  const extension = typeof file === 'string' ? extname(file).toLowerCase() : '';
  const named = FORMATS.find(({ extensions }) => extensions.some((known) => known === extension));
  if (named !== undefined && named !== format)
    throw new Error(`it is ${format.name}, not ${named.name}: rename it`);
  return format.name;
}

/** A file whose harmless faults are put right. */
export interface Opened extends Mended {
  readonly format: ImageFormat['name'];
}

/** The bytes of a file whose harmless faults are put right. */
export async function openFile(file: LocalFile): Promise<Opened> {
  const contents = await contentsOf(file);
  const format = checkFormat(file, contents);
  return { format, ...(await mend(contents, format)) };
}

/**
 * Decodes an image of 8 or 16 bits a channel, upright (EXIF orientation applied), to sRGB by its colour profile. Grey
 * becomes three channels. As in the release, which reads RGB, transparency is dropped. Both are reported in `warnings`, as are
 * harmless faults of the file.
 * @throws NmodeError: BAD_IMAGE with the file's name; BAD_USAGE for what is no file
 */
export async function readImage(file: ImageFile): Promise<RgbImage> {
  const local = await givenFile(file);
  return decoding(nameOf(local), async () => rgbOf(await openFile(local)));
}

/** Its pixels in sRGB. @param ignoreIcc whether they are taken as such whatever its colour profile says */
export async function rgbOf(opened: Opened, ignoreIcc = false): Promise<RgbImage> {
  if (opened.format === 'TIFF') refuseDropping(tiffSamples(opened.bytes));
  const { image, depth, space, hasAlpha } = await openSharp(opened.bytes, { ignoreIcc });
  const { channels, ...pixels } = await rawOf(image.removeAlpha(), RGB_SPACES[depth], depth);
  if (channels !== 3) throw new Error(`it decodes to ${channels} channels, expected 3`);
  const warnings = [isGrey(space) && TAKEN.grey, space === 'cmyk' && TAKEN.cmyk, hasAlpha && TAKEN.alpha];
  return finished(withWarnings<RgbImage>({ ...pixels, channels }, warnings), opened);
}

/** libvips' bands, as sharp allows them. */
const MOST_SAMPLES = 5;

/**
 * Alpha may be dropped, but nothing else that a TIFF file holds.
 * @throws Error for one of more samples a pixel than grey or colours and what it calls alpha
 */
export function refuseDropping(samples: StoredSamples): void {
  refuseUnread(samples);
  const { count, colours, hasAlpha } = samples;
  if (count <= colours + Number(hasAlpha)) return;
  const base = colours === 1 ? 'grey' : 'colours';
  throw new Error(
    `it has ${count} samples a pixel: ${base} and ${count - colours} more, which are not one alpha by its ExtraSamples: a model of ${count} channels takes them all, for another leave them out`,
  );
}

/** @throws Error for a TIFF file whose samples libvips reads not at all, or in planes of grey wrongly but for the first row */
export function refuseUnread({ count, colours, inPlanes }: StoredSamples): void {
  const why =
    count > MOST_SAMPLES
      ? `, more than ${MOST_SAMPLES}`
      : inPlanes && colours === 1 && count > 1
        ? ' in planes (PlanarConfiguration 2) that are not of colours'
        : undefined;
  if (why !== undefined)
    throw new Error(`it has ${count} samples a pixel${why}: save them as grey pages, or a file of each`);
}

const RGB_SPACES = { uchar: 'srgb', ushort: 'rgb16' } as const;

/** @throws NmodeError (BAD_IMAGE) with the name of the image for whatever goes wrong */
export async function decoding<Result>(name: string, decode: () => Promise<Result>): Promise<Result> {
  try {
    return await decode();
  } catch (error) {
    // Nothing is wrong with the image.
    if (error instanceof NmodeError && error.code === 'CANNOT_RUN') throw error;
    throw badImage(`${name}: cannot be read as an image: ${problem(error)}`, { cause: error });
  }
}

/** What libvips says before, and instead of, what is wrong. */
const LIBVIPS = /^(?:Warning treated as error due to failOn setting|(?:\w+2vips|vips\w+|VipsJpeg): )/i;

/** A failure in the words of the file system where it has some, without the path that it repeats. */
function problem(error: unknown): string {
  // libvips has a line for each of its parts that saw the fault, and each place: the first says what it is.
  const message = error instanceof Error ? error.message : String(error);
  const lines = message.split('\n').map((line) => line.replace(LIBVIPS, ''));
  const said = lines.find((line) => line !== '') ?? 'its data are damaged';
  return reason(said)
    .replace(/, open '.*'$/s, '')
    .replace(/^Input image exceeds pixel limit$/, `more than ${MAX_PIXELS / 1e6} megapixels`);
}

/**
 * Decodes a ground-truth file to what it stores, upright: colour profiles are not applied, palettes not looked up,
 * transparency not dropped.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export async function readTruthImage(file: LocalFile): Promise<TruthImage> {
  return decoding(nameOf(file), async () => {
    const opened = await openFile(file);
    const { bytes, format } = opened;
    const image = format === 'PNG' ? truthOfPng(await pngSamples(bytes)) : await truthOfOther(bytes, format);
    return finished(image, opened);
  });
}

async function truthOfOther(bytes: Uint8Array, format: ImageFormat['name']): Promise<TruthImage> {
  const { image, depth } = await openSharp(bytes, { ignoreIcc: true });
  const { channels, ...pixels } = await rawOf(image, RGB_SPACES[depth], depth);
  if (channels !== 3 && channels !== 4)
    throw new Error(`it decodes to ${channels} channels, expected 3 or 4`);
  const tiff = format === 'TIFF';
  return {
    ...pixels,
    channels,
    full: depth === 'uchar' ? 255 : 65535,
    lossy: format === 'JPEG' || isLossyWebp(bytes) || (tiff && isLossyTiff(bytes)),
    lookedUp: tiff && tiffTag(bytes, TIFF_TAGS.photometric) === PALETTE,
  };
}

/** The EXIF orientation of a file that can be read, 1..8. */
export async function readOrientation(file: string): Promise<Orientation> {
  const sharp = await loadSharp();
  const { orientation = 1 } = await sharp(file, { limitInputPixels: MAX_PIXELS }).metadata();
  return isOrientation(orientation) ? orientation : 1;
}

/** TIFF 6.0, section 5. */
const PALETTE = 3;

/** JPEG, in its old and its new form, and WebP. */
const LOSSY_COMPRESSIONS = [6, 7, 50001];

const isLossyTiff = (bytes: Uint8Array) =>
  LOSSY_COMPRESSIONS.some((compression) => tiffTag(bytes, TIFF_TAGS.compression) === compression);

/** What a PNG stores. @throws Error */
export const pngSamples = (bytes: Uint8Array) => decodePng(bytes, inflated, MAX_PIXELS);

/** @throws Error where there is not exactly as much as is told */
async function inflated(deflated: Uint8Array, length: number): Promise<Uint8Array> {
  const whole = await promisify(inflate)(deflated, { maxOutputLength: length }).catch(
    (error: NodeJS.ErrnoException) => {
      const more = error.code === 'ERR_BUFFER_TOO_LARGE';
      throw new Error(more ? 'it holds more than its size says' : 'it is damaged', { cause: error });
    },
  );
  if (whole.length < length) throw new Error('it is truncated');
  return whole;
}

/**
 * Reads ground truth.
 * @throws NmodeError (BAD_IMAGE), also for what the reading does not explain
 */
export async function readTruth(file: LocalFile, reading: TruthReading = {}): Promise<Truth> {
  return truthOf(await readTruthImage(file), nameOf(file), reading);
}

/**
 * Reads a ground-truth mask of black and white: what is at least half as light as white is inside.
 * @throws NmodeError: BAD_IMAGE, also for what is no such mask: labels, colours, photographs, what is transparent; BAD_USAGE for what is no file
 */
export async function readMask(file: ImageFile): Promise<Mask> {
  const truth = await readTruth(await givenFile(file));
  return truthAt(truth, truth.width, truth.height).mask;
}

/** zlib's: a mask takes half the time of the default 6 and a tenth more bytes. */
const COMPRESSION = 3;

const deflated = (bytes: Uint8Array) => promisify(deflate)(bytes, { level: COMPRESSION });

/**
 * Encodes pixels, grey or RGB, as PNG of the depth that they have.
 * @param palette RGB of each value, 8 bits a sample: one channel of 8 bits is written as indices of it
 * @throws NmodeError: BAD_USAGE for what are no pixels; CANNOT_RUN where sharp cannot
 */
export async function encodePng(pixels: Raster, palette?: Uint8Array): Promise<Uint8Array> {
  if (palette !== undefined) return writePng(pixels, deflated, palette);
  checkArgument('pixels', pixels, PIXELS);
  const { data, width, height, channels } = pixels;
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
