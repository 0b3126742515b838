import { badImage, reason } from '../../../graph/common/errors.js';
import type { ImageRaster, RgbImage } from '../../common/raster.js';
import { type Channels, imageOf, inGrey, TAKEN, withWarnings } from '../../images/channels.js';
import { formatOf, isLossyWebp } from '../../images/files/formats.js';
import { finished, mend } from '../../images/files/mend.js';
import { decodePng } from '../../images/files/png.js';
import { greyOfPng, hasSamples, isGreyPng, storedOfPng } from '../../images/files/png-image.js';
import { type TruthImage, truthOfPng } from '../../truth/truth-image.js';
import { type ImageHeader, readHeader } from '../header.js';
import type { WorkerSource } from './hand.js';
import { BITMAP_OPTIONS, dropAlpha, pixelsOf } from './pixels.js';
import { checkPng, decodeDeepPng, inflate, withoutGamma } from './png.js';

/** With its bitmap, its probabilities and its mask, an image takes some 12 bytes a pixel: a tab has 1 GB, if that. */
const MAX_PIXELS = 50_000_000;

/**
 * Decodes an image to the channels that a model takes: three in sRGB; one of a grey image, as it is stored, or of colours as
 * `grey` says.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export async function readSource(source: WorkerSource, wanted: Channels): Promise<ImageRaster> {
  const files: readonly OneSource[] = isList(source) ? source : [source];
  return imageOf(files, wanted, (file) => (file instanceof File ? file.name : undefined), decodeSource);
}

type OneSource = Exclude<WorkerSource, readonly unknown[]>;

const isList = (source: WorkerSource): source is Exclude<WorkerSource, OneSource> => Array.isArray(source);

/** Of as many channels as are wanted, alpha among them, where a file has as many; else of one, or of colours. */
function decodeSource(source: OneSource, { channels, stored }: Channels, name: string): Promise<ImageRaster> {
  return reading(name, async () => {
    if (source instanceof Blob || source instanceof Uint8Array) {
      return decodeFile<ImageRaster>(source, async (bytes, header) => {
        const isPng = header.format === 'PNG';
        // As scikit-image reads it.
        if (isPng && stored) return storedOfPng(await samplesOfPng(bytes), channels);
        // All of its samples, alpha too, as channels.
        if (isPng && hasSamples(bytes, channels)) {
          const { width, height, data } = await samplesOfPng(bytes);
          return { width, height, channels, data };
        }
        return (channels === 3 ? undefined : await decodeGrey(bytes, header)) ?? decode(bytes, header);
      });
    }
    checkSize(source);
    if (source instanceof ImageBitmap) return pixelsOf(source);
    return source instanceof ImageData ? pixelsOfData(source) : source;
  });
}

/**
 * Decodes a ground-truth file to what it stores, upright: colour profiles are not applied, palettes not looked up,
 * transparency not dropped.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export function readTruthImage(file: File): Promise<TruthImage> {
  return reading(file.name, () =>
    decodeFile<TruthImage>(file, async (bytes, { format }) => {
      if (format === 'PNG') return truthOfPng(await samplesOfPng(bytes));
      const image = await pixelsOf(await bitmapOf(bytes, 'none'), { opaque: true });
      return { ...image, full: 255, lossy: format === 'JPEG' || isLossyWebp(bytes) };
    }),
  );
}

/** @throws NmodeError (BAD_IMAGE) with the file's name for whatever goes wrong */
async function reading<Image>(name: string, body: () => Promise<Image>): Promise<Image> {
  try {
    return await body();
  } catch (error) {
    throw badImage(`${name}: cannot be read as an image: ${reason(error)}`, { cause: error });
  }
}

/** What `decode` makes of a file whose harmless faults are put right, upright. @throws Error */
async function decodeFile<Image extends ImageRaster>(
  file: Blob | Uint8Array,
  decode: (bytes: Uint8Array, header: ImageHeader) => Promise<Image>,
): Promise<Image> {
  const contents = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file;
  const mended = await mend(contents, formatOf(contents, 'JPEG, PNG or WebP').name);
  const header = readHeader(mended.bytes);
  checkSize(header);
  return finished(await decode(mended.bytes, header), mended);
}

const samplesOfPng = (bytes: Uint8Array) =>
  decodePng(bytes, (deflated, length) => inflate([deflated], length), MAX_PIXELS);

/** The grey channel as it is stored, without a colour profile applied; undefined where there are colours. */
async function decodeGrey(bytes: Uint8Array, header: ImageHeader): Promise<ImageRaster | undefined> {
  if (!header.grey) return undefined;
  if (header.format === 'PNG') return greyOfPng(await samplesOfPng(bytes));
  return inGrey(await pixelsOf(await bitmapOf(bytes, 'none')), 'red');
}

/** The bitmap of a file, whose size is checked whatever its header said. */
async function bitmapOf(file: Blob | Uint8Array, colorSpaceConversion: ColorSpaceConversion) {
  const blob = file instanceof Blob ? file : new Blob([file.slice()]);
  const bitmap = await createImageBitmap(blob, { ...BITMAP_OPTIONS, colorSpaceConversion });
  checkSize(bitmap);
  return bitmap;
}

async function decode(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  const isGrey = header.format === 'PNG' ? isGreyPng(bytes) : header.grey;
  return withWarnings(await colours(bytes, header), [isGrey && TAKEN.grey, header.alpha && TAKEN.alpha]);
}

async function colours(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  if (header.format === 'PNG' && header.depth === 16) return decodeDeepPng(bytes, header);
  if (header.format === 'PNG') await checkPng(bytes);
  return pixelsOf(await bitmapOf(header.format === 'PNG' ? withoutGamma(bytes) : bytes, 'default'));
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
