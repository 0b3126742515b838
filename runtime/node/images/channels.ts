import type { ImageRaster } from '../../common/raster.js';
import {
  type ChannelPart,
  type Channels,
  imageOf,
  joinChannels,
  refuseMany,
  TAKEN,
  withWarnings,
} from '../../images/channels.js';
import { finished } from '../../images/files/mend.js';
import { greyOfPng, hasSamples, mayBeGrey, storedOfPng } from '../../images/files/png-image.js';
import { tiffSamples } from '../../images/files/tiff.js';
import {
  decoding,
  type ImageFile,
  type LocalFile,
  nameOf,
  type Opened,
  openFile,
  pngSamples,
  refuseDropping,
  refuseUnread,
  rgbOf,
} from './files.js';
import { isGrey, loadSharp, MAX_PIXELS, openSharp, rawOf } from './sharp.js';

/** Where the channels of an image come from: one file, or several in their order. */
export type ChannelFiles = ImageFile | readonly ImageFile[];

/** The same by what is passed on. */
export type LocalFiles = LocalFile | readonly LocalFile[];

/**
 * Decodes an image to the channels that a model takes, upright. Of one file, three as `readImage` does, and one of a grey image, as
 * it is stored, or of colours as `grey` says; several of the grey pages of a TIFF, or of several files.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export async function readChannels(given: LocalFiles, wanted: Channels): Promise<ImageRaster> {
  const files = typeof given === 'string' || given instanceof Uint8Array ? [given] : given;
  return imageOf(files, wanted, (file) => (typeof file === 'string' ? nameOf(file) : undefined), readStored);
}

/** The channels of a file: three of colours, one of grey, or those of its pages. */
async function readStored(
  file: LocalFile,
  { channels, stored }: Channels,
  name: string,
): Promise<ImageRaster> {
  return decoding(name, async () => {
    const opened = await openFile(file);
    if (stored && opened.format === 'PNG') {
      const image = storedOfPng(await pngSamples(opened.bytes), channels);
      return finished(image, { ...opened, orientation: 1 });
    }
    const all = channels === 1 ? undefined : await allSamples(opened, channels);
    if (all !== undefined) return all;
    const pages = opened.format === 'TIFF' && channels > 1 ? await greyPages(opened, channels) : undefined;
    if (pages !== undefined) return pages;
    return (channels === 3 ? undefined : await greyOf(opened)) ?? rgbOf(opened, stored);
  });
}

/** All that sharp reads; its types leave out the last. */
const SHARP_CHANNELS = [0, 1, 2, 3, 4] as (0 | 1 | 2 | 3)[];

/**
 * Every sample of the pixels of a file as a channel, alpha too, as it is stored; undefined where these are not as many, or grey
 * or colours alone.
 */
async function allSamples(opened: Opened, channels: number): Promise<ImageRaster | undefined> {
  const { bytes, format } = opened;
  if (format === 'PNG') {
    if (!hasSamples(bytes, channels)) return undefined;
    const { width, height, data } = await pngSamples(bytes);
    return finished({ width, height, channels, data }, opened);
  }
  if (channels === 4 && (await openSharp(bytes).catch(() => undefined))?.space === 'cmyk')
    throw new Error(
      'it is CMYK, whose samples are inks, not channels: only a model that takes RGB can use it',
    );
  if (format !== 'TIFF') return undefined;
  const samples = tiffSamples(bytes);
  const { count, colours, isTold } = samples;
  if (count !== channels || count === colours) return undefined;
  refuseUnread(samples);
  // libtiff warns of samples that nothing is said of.
  const failOn = isTold ? 'warning' : 'error';
  const { image, depth, space } = await openSharp(bytes, { ignoreIcc: true, failOn });
  const parts: ChannelPart[] = [];
  for (const sample of SHARP_CHANNELS.slice(0, count)) {
    refuseMany(parts);
    const name = `sample ${sample + 1}`;
    parts.push({ name, image: await rawOf(image.clone().extractChannel(sample), space, depth) });
  }
  return finished(joinChannels(parts), opened);
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
    const grey = mayBeGrey(bytes) ? greyOfPng(await pngSamples(bytes)) : undefined;
    return grey && finished(grey, opened);
  }
  if (format === 'TIFF') refuseDropping(tiffSamples(bytes, page));
  const { image, depth, space, hasAlpha } = await openSharp(bytes, {
    ignoreIcc: true,
    ...(page !== undefined && { page }),
  });
  if (!isGrey(space)) return undefined;
  const grey = await rawOf(image.removeAlpha(), GREY_SPACES[depth], depth);
  return finished(withWarnings<ImageRaster>(grey, [hasAlpha && TAKEN.alpha]), opened);
}
