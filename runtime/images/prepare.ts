import type { Normalization } from '../../graph/recipe.js';
import { fullScale, type Raster, type RgbImage } from './raster.js';
import { resizeBilinear } from './resize.js';
import type { Window } from './tiles.js';

/** Every normalization is (x - offset) scale, channel by channel, once the image is known. */
export interface Affine {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

export function affineOf(image: RgbImage, normalization: Normalization): Affine {
  const full = fullScale(image);
  switch (normalization.kind) {
    case 'min-max': {
      const [min, max] = range(image.data);
      // Samples are whole numbers: a range below 1 is a constant image, which gives zeros.
      const scale = 255 / Math.max(max - min, 1);
      return { offset: [min, min, min], scale: [scale, scale, scale] };
    }
    case 'unit':
      return { offset: [0, 0, 0], scale: [1 / full, 1 / full, 1 / full] };
    case 'mean-std':
      return {
        offset: normalization.mean.map((mean) => mean * full),
        scale: normalization.std.map((std) => 1 / (full * std)),
      };
  }
}

function range(samples: ArrayLike<number>): readonly [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] ?? 0;
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
export function prepareResized(image: RgbImage, affine: Affine, width: number, height: number): Float32Array {
  return planes(resizeBilinear(image, width, height), affine, { x: 0, y: 0, width, height });
}

/** A window of the image, normalized; its last row and column are repeated where the window goes beyond. */
export function prepareWindow(image: RgbImage, affine: Affine, window: Window): Float32Array {
  return planes(image, affine, window);
}

/** Channels first, each (x - offset) scale. */
function planes(
  { width, height, channels, data: from }: Raster,
  affine: Affine,
  window: Window,
): Float32Array {
  const plane = window.width * window.height;
  const data = new Float32Array(channels * plane);
  for (let row = 0; row < window.height; row++) {
    const start = Math.min(window.y + row, height - 1) * width;
    for (let channel = 0; channel < channels; channel++) {
      const [offset, scale] = [affine.offset[channel] ?? 0, affine.scale[channel] ?? 1];
      const into = channel * plane + row * window.width;
      for (let column = 0; column < window.width; column++) {
        const at = (start + Math.min(window.x + column, width - 1)) * channels + channel;
        data[into + column] = ((from[at] ?? 0) - offset) * scale;
      }
    }
  }
  return data;
}

/**
 * Eight bits a channel, for a model that takes them: 16-bit samples are stretched over the 256 values where the recipe
 * looks at their range alone, and else divided by 257 and rounded.
 */
export function toEightBits(image: RgbImage, normalization: Normalization): Uint8Array {
  const { data } = image;
  if (data instanceof Uint8Array) return data;
  const [min, max] = normalization.kind === 'min-max' ? range(data) : [0, 65535];
  const width = Math.max(max - min, 1);
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round((255 * ((data[i] ?? 0) - min)) / width);
  return bytes;
}
