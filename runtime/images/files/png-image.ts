import { at } from '../../../graph/common/at.js';
import type { ImageRaster } from '../../common/raster.js';
import type { PngSamples } from './png.js';

/** Colour types (PNG specification, 11.2.1), and where the first chunk has one. */
const [GREY, PALETTE, GREY_ALPHA, RGB_ALPHA] = [0, 3, 4, 6];
const COLOUR_TYPE = 25;

/** Whether a PNG may hold grey alone: one of a palette may hold colours all the same. */
export const mayBeGrey = (bytes: Uint8Array) =>
  [GREY, PALETTE, GREY_ALPHA].some((type) => type === bytes[COLOUR_TYPE]);

/** Whether a PNG holds as many samples a pixel, alpha among them. */
export const hasSamples = (bytes: Uint8Array, samples: number): boolean =>
  bytes[COLOUR_TYPE] === { 2: GREY_ALPHA, 4: RGB_ALPHA }[samples];

/**
 * The grey channel of a PNG's samples, of 8 or 16 bits; transparency is dropped. Undefined where it has colours.
 */
export function greyOfPng({
  width,
  height,
  channels,
  depth,
  data,
  palette,
}: PngSamples): ImageRaster | undefined {
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
