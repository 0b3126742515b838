import type { ImageRaster } from '../../common/raster.js';
import {
  type ChannelPart,
  type Channels,
  joinChannels,
  ofParts,
  partOf,
  refuseMany,
  withChannels,
} from '../../images/channels.js';
import { finished } from '../../images/files/mend.js';
import { decodePng } from '../../images/files/png.js';
import { greyOfPng, mayBeGrey } from '../../images/files/png-image.js';
import { decoding, type ImageFile, inflated, nameOf, type Opened, openFile, rgbOf } from './files.js';
import { loadSharp, MAX_PIXELS, openSharp, rawOf } from './sharp.js';

/** Where the channels of an image come from: one file, or several in their order. */
export type ChannelFiles = ImageFile | readonly ImageFile[];

/**
 * Decodes an image to the channels that a model takes, upright. Of one file, three as `readImage` does, and one of a grey image, as
 * it is stored, or of colours as `grey` says; several of the grey pages of a TIFF, or of several files.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export async function readChannels(given: ChannelFiles, wanted: Channels): Promise<ImageRaster> {
  const files = typeof given === 'string' || given instanceof Uint8Array ? [given] : given;
  const [first] = files;
  if (first !== undefined && files.length === 1) {
    return withChannels(await readStored(first, wanted, nameOf(first)), wanted, nameOf(first));
  }
  const parts: ChannelPart[] = [];
  for (const [index, file] of files.entries()) {
    const name = typeof file === 'string' ? nameOf(file) : `file ${index + 1} of the image`;
    refuseMany(parts);
    parts.push({ name, image: partOf(await readStored(file, { ...wanted, channels: 1 }, name), wanted) });
  }
  return ofParts(parts, wanted);
}

/** The channels of a file: three of colours, one of grey, or those of its pages. */
async function readStored(file: ImageFile, { channels }: Channels, name: string): Promise<ImageRaster> {
  return decoding(name, async () => {
    const opened = await openFile(file);
    const pages = opened.format === 'TIFF' && channels > 1 ? await greyPages(opened, channels) : undefined;
    if (pages !== undefined) return pages;
    return channels === 3 ? rgbOf(opened) : ((await greyOf(opened)) ?? rgbOf(opened));
  });
}

/** An image of the pages of a TIFF file; undefined where it has one. */
async function greyPages(opened: Opened, channels: number): Promise<ImageRaster | undefined> {
  const sharp = await loadSharp();
  const { pages = 1 } = await sharp(opened.bytes, { limitInputPixels: MAX_PIXELS }).metadata();
  if (pages === 1) return undefined;
  if (pages !== channels) throw new Error(`it has ${pages} pages, the model takes ${channels} channels`);
  const parts: ChannelPart[] = [];
  for (let page = 0; page < pages; page++) {
    refuseMany(parts);
    const grey = await greyOf(opened, page);
    const name = `page ${page + 1}`;
    if (grey === undefined) throw new Error(`${name} has colours, expected grey`);
    parts.push({ name, image: grey });
  }
  return joinChannels(parts);
}

const GREY_SPACES = { uchar: 'b-w', ushort: 'grey16' } as const;

/** The grey channel as it is stored, without a colour profile applied; undefined where there are colours. */
async function greyOf(opened: Opened, page?: number): Promise<ImageRaster | undefined> {
  const { bytes, format } = opened;
  if (format === 'PNG') {
    const grey = mayBeGrey(bytes) ? greyOfPng(await decodePng(bytes, inflated, MAX_PIXELS)) : undefined;
    return grey && finished(grey, opened);
  }
  const { image, depth, isGrey } = await openSharp(bytes, {
    ignoreIcc: true,
    ...(page !== undefined && { page }),
  });
  if (!isGrey) return undefined;
  const grey = await rawOf(image.removeAlpha(), GREY_SPACES[depth], depth);
  return finished<ImageRaster>(grey, opened);
}
