import { at } from '../../../graph/common/at.js';
import type { ImageRaster } from '../../common/raster.js';
import { TAKEN, withWarnings } from '../channels.js';
import { hasChunk } from './formats.js';
import type { PngSamples } from './png.js';

/** Colour types (PNG specification, 11.2.1), and where the first chunk has one. */
const [GREY, PALETTE, GREY_ALPHA, RGB_ALPHA] = [0, 3, 4, 6];
const COLOUR_TYPE = 25;

/** Whether a PNG may hold grey alone: one of a palette may hold colours all the same. */
export const mayBeGrey = (bytes: Uint8Array) =>
  [GREY, PALETTE, GREY_ALPHA].some((type) => type === bytes[COLOUR_TYPE]);

/** Whether a PNG holds grey and nothing but that, or grey and alpha. */
export const isGreyPng = (bytes: Uint8Array) =>
  [GREY, GREY_ALPHA].some((type) => type === bytes[COLOUR_TYPE]);

/** Whether some samples are how opaque a pixel is. */
const hasAlpha = ({ channels, transparency }: PngSamples): boolean =>
  channels === 2 || channels === 4 || transparency !== undefined;

/** Whether a PNG holds how opaque its pixels are, as samples or in a chunk of their colours (tRNS). */
export const hasAlphaPng = (bytes: Uint8Array): boolean =>
  [GREY_ALPHA, RGB_ALPHA].some((type) => type === bytes[COLOUR_TYPE]) || hasChunk(bytes, 'tRNS');

/** Whether a PNG holds as many samples a pixel, alpha among them. */
export const hasSamples = (bytes: Uint8Array, samples: number): boolean =>
  bytes[COLOUR_TYPE] === { 2: GREY_ALPHA, 4: RGB_ALPHA }[samples];

/**
 * The grey channel of a PNG's samples, of 8 or 16 bits; transparency is dropped. Undefined where it has colours.
 */
export function greyOfPng(samples: PngSamples): ImageRaster | undefined {
  const grey = greySamples(samples);
  return grey && withWarnings(grey, [hasAlpha(samples) && TAKEN.alpha]);
}

function greySamples({ width, height, channels, depth, data, palette }: PngSamples): ImageRaster | undefined {
  if (channels > 2) return undefined;
  const size = { width, height, channels: 1 };
  if (palette !== undefined) {
    const isGrey = (index: number) =>
      palette[3 * index] === palette[3 * index + 1] && palette[3 * index] === palette[3 * index + 2];
    if (!data.every(isGrey)) return undefined;
    return { ...size, data: Uint8Array.from(data, (index) => at(palette, 3 * index)) };
  }
  if (channels === 1 && depth >= 8) return { ...size, data };
  const first = (_: unknown, pixel: number) => data[channels * pixel] as number;
  if (depth === 16) return { ...size, data: Uint16Array.from({ length: width * height }, first) };
  const scale = 255 / (2 ** depth - 1);
  return {
    ...size,
    data: Uint8Array.from({ length: width * height }, (_, pixel) => scale * first(_, pixel)),
  };
}

/**
 * An image of a PNG's samples as Pillow, and so scikit-image, reads them: grey of one bit is 0 and 1, colours of 16 bits are their upper 8.
 * @param channels of the model: alpha is dropped but for one of four
 */
export function storedOfPng(samples: PngSamples, channels: number): ImageRaster {
  const stored = storedSamples(samples, channels);
  return withWarnings(stored, [hasAlpha(samples) && stored.channels < 4 && TAKEN.alpha]);
}

function storedSamples(samples: PngSamples, channels: number): ImageRaster {
  const { width, height, depth, data, palette } = samples;
  const own = palette === undefined ? samples.channels : 1;
  const count = palette !== undefined || own > 2 ? (own === 4 && channels === 4 ? 4 : 3) : 1;
  const scale = depth === 2 || depth === 4 ? 255 / (2 ** depth - 1) : 1;
  const areCut = count > 1 && depth === 16;
  if (palette === undefined && own === count && scale === 1 && !areCut)
    return { width, height, channels: count, data };
  const sampleOf = (i: number): number => {
    const pixel = Math.floor(i / count);
    if (palette !== undefined) return palette[3 * (data[pixel] as number) + (i % 3)] as number;
    const value = data[pixel * own + (i % count)] as number;
    return areCut ? value >> 8 : scale * value;
  };
  const length = width * height * count;
  const isDeep = count === 1 && depth === 16;
  const stored = isDeep ? new Uint16Array(length) : new Uint8Array(length);
  for (let i = 0; i < length; i++) stored[i] = sampleOf(i);
  return { width, height, channels: count, data: stored };
}
