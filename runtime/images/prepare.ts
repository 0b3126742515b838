import { at } from '../../graph/common/at.js';
import type { Normalization } from '../../graph/common/recipe.js';
import { fullScale, type ImageRaster } from '../common/raster.js';
import { readRow, resizeRows } from './resize.js';
import type { Window } from './tiles.js';

/** Every normalization is (x - offset) scale, channel by channel, once the image is known. */
export interface Affine {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

export function affineOf(image: ImageRaster, normalization: Normalization): Affine {
  const full = fullScale(image);
  const each = (value: number) => Array<number>(image.channels).fill(value);
  switch (normalization.kind) {
    case 'min-max': {
      const [min, max] = range(image.data);
      // Samples are whole numbers: a range below 1 is a constant image, which gives zeros.
      const scale = 255 / Math.max(max - min, 1);
      return { offset: each(min), scale: each(scale) };
    }
    case 'unit':
      return { offset: each(0), scale: each(1 / full) };
    case 'mean-std':
      return {
        offset: ofEach(normalization.mean, image.channels).map((mean) => mean * full),
        scale: ofEach(normalization.std, image.channels).map((std) => 1 / (full * std)),
      };
  }
}

/** A number for each channel, where one may hold for all. */
function ofEach(values: readonly number[], channels: number): readonly number[] {
  return values.length === channels ? values : Array<number>(channels).fill(at(values, 0));
}

/** The smallest and the largest sample. */
function range(samples: Uint8Array | Uint16Array): readonly [number, number] {
  // Small integers from the start: infinities would make every comparison one of doubles.
  let [min, max] = [65535, 0];
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/**
 * The image at another size, normalized. A linear map commutes with the resize, and normalizing the small image takes no
 * copy of the large one.
 * @returns [channels, height, width]
 */
export function prepareResized(
  image: ImageRaster,
  affine: Affine,
  width: number,
  height: number,
): Float32Array {
  const tensor = new Float32Array(image.channels * width * height);
  resizeRows(image, width, height, (row, values) => normalizeRow(values, affine, tensor, row * width));
  return tensor;
}

/** A window of the image, normalized; its last row and column are repeated where the window goes beyond. */
export function prepareWindow(image: ImageRaster, affine: Affine, window: Window): Float32Array {
  const { width, height } = window;
  const tensor = new Float32Array(image.channels * width * height);
  const inside = Math.min(width, image.width - window.x);
  const values = new Float64Array(inside * image.channels);
  for (let row = 0; row < height; row++) {
    readRow(image, Math.min(window.y + row, image.height - 1), values, window.x);
    normalizeRow(values, affine, tensor, row * width);
    for (let start = row * width; start < tensor.length; start += width * height) {
      tensor.fill(tensor[start + inside - 1] as number, start + inside, start + width);
    }
  }
  return tensor;
}

/** Puts a row of interleaved samples, each (x - offset) scale, into the channels of a tensor. */
function normalizeRow(
  values: Float64Array,
  { offset, scale }: Affine,
  tensor: Float32Array,
  start: number,
): void {
  const channels = offset.length;
  for (let channel = 0; channel < channels; channel++) {
    const [shift, factor] = [at(offset, channel), at(scale, channel)];
    let into = start + (channel * tensor.length) / channels;
    for (let i = channel; i < values.length; i += channels)
      tensor[into++] = ((values[i] as number) - shift) * factor;
  }
}

/**
 * Eight bits a channel, for a model that takes them: 16-bit samples are stretched over the 256 values where the recipe
 * looks at their range alone, and else divided by 257 and rounded.
 */
export function toEightBits(image: ImageRaster, normalization: Normalization): Uint8Array {
  const { data } = image;
  if (data instanceof Uint8Array) return data;
  const [min, max] = normalization.kind === 'min-max' ? range(data) : [0, 65535];
  const width = Math.max(max - min, 1);
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round((255 * ((data[i] as number) - min)) / width);
  return bytes;
}
