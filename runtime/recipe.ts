import type { Raster } from './raster.js';
import { resizeBilinear } from './resize.js';
import type { Floats } from './session.js';

/** The side of the release's images, in pixels. */
export const RELEASE_SIDE = 256;

/**
 * The release's pre-processing: 255 (x - min) / (max - min) over all channels of the whole image at its own resolution,
 * then a bilinear resize. A constant image gives zeros. (The data set's mean and deviation, which the release subtracts
 * and divides by first, cancel.)
 * @returns [1, channels, height, width], 0..255
 */
export function releaseRecipe(image: Raster, width: number, height: number): Floats {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of image.data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const scale = max > min ? 255 / (max - min) : 0;
  // A linear map commutes with the resize, and stretching the small image takes no copy of the large one.
  const { data: pixels, channels } = resizeBilinear(image, width, height);
  const plane = width * height;
  const data = new Float32Array(pixels.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < plane; i++)
      data[channel * plane + i] = ((pixels[i * channels + channel] ?? 0) - min) * scale;
  }
  return { dims: [1, channels, height, width], data };
}
