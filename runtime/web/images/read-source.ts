import { at } from '../../../graph/common/at.js';
import { badImage, reason } from '../../../graph/common/errors.js';
import type { ImageRaster, RgbImage } from '../../common/raster.js';
import {
  type ChannelPart,
  type Channels,
  inGrey,
  ofParts,
  partOf,
  refuseMany,
  TAKEN,
  withChannels,
  withWarnings,
} from '../../images/channels.js';
import { formatOf } from '../../images/files/formats.js';
import { finished, mend } from '../../images/files/mend.js';
import { decodePng } from '../../images/files/png.js';
import { greyOfPng, hasSamples, isGreyPng, storedOfPng } from '../../images/files/png-image.js';
import type { Samples } from '../../images/turn.js';
import { type ImageHeader, readHeader } from '../header.js';
import type { WorkerSource } from './hand.js';
import { BITMAP_OPTIONS, dropAlpha, pixelsOf } from './pixels.js';
import { checkPng, decodeDeepPng, inflate, withoutGamma } from './png.js';

/** With its bitmap, its probabilities and its mask, an image takes some 12 bytes a pixel: a tab has 1 GB, if that. */
export const MAX_PIXELS = 50_000_000;

/**
 * Decodes an image to the channels that a model takes: three in sRGB; one of a grey image, as it is stored, or of colours as
 * `grey` says.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export async function readSource(source: WorkerSource, wanted: Channels): Promise<ImageRaster> {
  if (isList(source) && source.length !== 1) {
    const parts: ChannelPart[] = [];
    const own = { ...wanted, channels: 1 };
    for (const [index, file] of source.entries()) {
      const name = file instanceof File ? file.name : `file ${index + 1} of the image`;
      refuseMany(parts);
      parts.push({ name, image: partOf(await decodeSource(file, own, name), wanted) });
    }
    return ofParts(parts, wanted);
  }
  const one = isList(source) ? at(source, 0) : source;
  const name = one instanceof File ? one.name : 'the image';
  return withChannels(await decodeSource(one, wanted, name), wanted, name);
}

const isList = (source: WorkerSource): source is Extract<WorkerSource, readonly unknown[]> =>
  Array.isArray(source);

/** Of as many channels as are wanted, alpha among them, where a file has as many; else of one, or of colours. */
async function decodeSource(
  source: Exclude<WorkerSource, readonly unknown[]>,
  wanted: Channels,
  name: string,
): Promise<ImageRaster> {
  const { channels, stored } = wanted;
  if (source instanceof Blob || source instanceof Uint8Array) {
    return reading(name, () =>
      decodeFile<ImageRaster>(
        source,
        async (bytes) =>
          (stored ? await decodeStored(bytes, channels) : undefined) ??
          (await decodeSamples(bytes, channels)) ??
          (channels === 3 ? undefined : await decodeGrey(bytes)) ??
          decode(bytes),
      ),
    );
  }
  if (source instanceof ImageBitmap || source instanceof ImageData) {
    return reading(name, async () => {
      checkSize(source);
      return source instanceof ImageBitmap ? pixelsOf(source) : pixelsOfData(source);
    });
  }
  return reading(name, async () => {
    checkSize(source);
    return source;
  });
}

/** @throws NmodeError (BAD_IMAGE) with the file's name for whatever goes wrong */
export async function reading<Image>(name: string, body: () => Promise<Image>): Promise<Image> {
  try {
    return await body();
  } catch (error) {
    throw badImage(`${name}: cannot be read as an image: ${reason(error)}`, {
      cause: error,
    });
  }
}

/** What `decode` makes of a file whose harmless faults are put right, upright. @throws Error */
export async function decodeFile<Image extends Samples>(
  file: Blob | Uint8Array,
  decode: (bytes: Uint8Array) => Promise<Image>,
): Promise<Image> {
  const contents = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file;
  const mended = await mend(contents, formatOf(contents, 'JPEG, PNG or WebP').name);
  return finished(await decode(mended.bytes), mended);
}

const samplesOfPng = (bytes: Uint8Array) =>
  decodePng(bytes, (deflated, length) => inflate([deflated], length), MAX_PIXELS);

/** A PNG as scikit-image reads it; undefined for another format. */
async function decodeStored(bytes: Uint8Array, channels: number): Promise<ImageRaster | undefined> {
  const header = readHeader(bytes);
  checkSize(header);
  return header.format === 'PNG' ? storedOfPng(await samplesOfPng(bytes), channels) : undefined;
}

/** All samples of a PNG with alpha as channels; undefined where they are not as many. */
async function decodeSamples(bytes: Uint8Array, channels: number): Promise<ImageRaster | undefined> {
  const header = readHeader(bytes);
  checkSize(header);
  if (header.format !== 'PNG' || !hasSamples(bytes, channels)) return undefined;
  const { width, height, data } = await samplesOfPng(bytes);
  return { width, height, channels, data };
}

/** The grey channel as it is stored, without a colour profile applied; undefined where there are colours. */
async function decodeGrey(bytes: Uint8Array): Promise<ImageRaster | undefined> {
  const header = readHeader(bytes);
  checkSize(header);
  if (!header.grey) return undefined;
  if (header.format === 'PNG') {
    return greyOfPng(await samplesOfPng(bytes));
  }
  const options = { ...BITMAP_OPTIONS, colorSpaceConversion: 'none' } as const;
  const bitmap = await createImageBitmap(new Blob([bytes.slice()]), options);
  checkSize(bitmap);
  return inGrey(await pixelsOf(bitmap), 'red');
}

async function decode(bytes: Uint8Array): Promise<RgbImage> {
  const header = readHeader(bytes);
  checkSize(header);
  const isGrey = header.format === 'PNG' ? isGreyPng(bytes) : header.grey;
  return withWarnings(await colours(bytes, header), [isGrey && TAKEN.grey, header.alpha && TAKEN.alpha]);
}

async function colours(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  if (header.format === 'PNG' && header.depth === 16) return decodeDeepPng(bytes, header);
  if (header.format === 'PNG') await checkPng(bytes);
  const plain = header.format === 'PNG' ? withoutGamma(bytes) : new Blob([bytes.slice()]);
  const bitmap = await createImageBitmap(plain, BITMAP_OPTIONS);
  // Whatever the header said.
  checkSize(bitmap);
  return pixelsOf(bitmap);
}

/** @throws NmodeError (BAD_IMAGE) for more pixels than fit into a tab */
export function checkSize({ width, height }: { readonly width: number; readonly height: number }): void {
  if (width * height <= MAX_PIXELS) return;
  const megapixels = Math.ceil((width * height) / 1e5) / 10;
  throw badImage(
    `it has ${megapixels} megapixels, more than the ${MAX_PIXELS / 1e6} that fit into a tab: make it smaller`,
  );
}

/** ImageData is never premultiplied; a browser converts what is not sRGB. */
async function pixelsOfData(image: ImageData): Promise<RgbImage> {
  if (image.colorSpace !== 'srgb' || !(image.data instanceof Uint8ClampedArray)) {
    return pixelsOf(await createImageBitmap(image, BITMAP_OPTIONS));
  }
  const { width, height } = image;
  const data = new Uint8Array(3 * width * height);
  dropAlpha(image.data, data);
  return { width, height, channels: 3, data };
}
