import { badImage, badUsage } from '../../graph/common/errors.js';
import { isOf, type Kind } from '../../graph/common/option-kinds.js';
import { refuseGone } from './buffers.js';

/** Pixels interleaved by channel: row by row, [height, width, channels]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array | Uint8Array | Uint16Array;
}

/** A decoded image of one channel or more: 8 or 16 bits a sample, as the array tells. */
export interface ImageRaster extends Raster {
  readonly data: Uint8Array | Uint16Array;
  /** Where it comes from a file with harmless faults: which were skipped, one line each. */
  readonly warnings?: readonly string[];
}

/** As many samples of the depth of others, all 0. */
export function emptyAs(like: ImageRaster['data'], length: number): ImageRaster['data'] {
  return like instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
}

/** One in sRGB. */
export interface RgbImage extends ImageRaster {
  readonly channels: 3;
}

/** One byte a pixel: 255 inside, 0 outside. */
export interface Mask extends Raster {
  readonly channels: 1;
  readonly data: Uint8Array;
}

/** One byte a pixel: 0 for background, k for class k. */
export interface LabelMap extends Raster {
  readonly channels: 1;
  readonly data: Uint8Array;
}

/** One channel a class, each row by row: [classes, height, width], 0..1. */
export interface Probabilities {
  readonly classes: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** The probabilities of one class, as pixels of one channel; a view. */
export function channelOf({ width, height, data }: Probabilities, index: number) {
  const size = width * height;
  return { width, height, channels: 1 as const, data: data.subarray(index * size, (index + 1) * size) };
}

/**
 * For loops that index samples unchecked.
 * @throws RangeError where there are not as many as the size says
 */
export function assertWhole({ width, height, channels, data }: Raster): void {
  if (data.length === width * height * channels) return;
  throw new RangeError(`${data.length} samples for ${width}x${height}x${channels}`);
}

/** Whether there are as many samples as the size says. */
const isWhole = ({ width, height, channels, data }: Raster) =>
  [width, height, channels].every((size) => Number.isSafeInteger(size) && size > 0) &&
  Object(data).length === width * height * channels;

/** Of what programs give as pixels: as many samples as the size says, and what else is expected of them. */
const rasterOf = (what: string, isFit: (raster: Raster) => boolean): Kind => [
  what,
  (value) => isWhole(Object(value)) && isFit(Object(value)),
];

const isBytes = isOf('Uint8Array');
const isSamples = (data: unknown) => isBytes(data) || isOf('Uint16Array')(data);

export const PIXELS = rasterOf('pixels { width, height, channels, data }', ({ data }) =>
  ArrayBuffer.isView(data),
);
export const RGB = rasterOf(
  'an image { width, height, channels: 3, data } of 8 or 16 bits',
  ({ channels, data }) => channels === 3 && isSamples(data),
);
export const MASK = rasterOf(
  'a mask { width, height, channels: 1, data } of a byte a pixel',
  ({ channels, data }) => channels === 1 && isBytes(data),
);

/** The largest value of a sample. */
export function fullScale({ data }: ImageRaster): number {
  return data instanceof Uint16Array ? 65535 : 255;
}

/**
 * Checks pixels that a program gives.
 * @param expected what is taken where they are none
 * @throws NmodeError: BAD_USAGE for what is no pixels; BAD_IMAGE where they are not as many as their size says
 */
export function checkPixels(source: ImageRaster, expected: string): void {
  if (typeof source !== 'object' || source === null || !('data' in source)) {
    throw badUsage(`expected ${expected}, or pixels { width, height, channels, data }`);
  }
  const { width, height, channels, data } = source;
  const areSamples = data instanceof Uint8Array || data instanceof Uint16Array;
  if (areSamples) refuseGone(data, 'the pixels');
  if (!areSamples || !isWhole(source)) {
    throw badImage(
      `pixels of ${width}x${height}x${channels} in ${data?.length} samples, expected width x height x channels in 8 or 16 bits`,
    );
  }
}
