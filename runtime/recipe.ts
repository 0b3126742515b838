import type { Raster } from './raster.js';
import { resizeBilinear } from './resize.js';
import type { Floats } from './session.js';

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
  const stretched = new Float32Array(image.data);
  for (let i = 0; i < stretched.length; i++) stretched[i] = ((stretched[i] ?? 0) - min) * scale;
  const { data: pixels, channels } = resizeBilinear({ ...image, data: stretched }, width, height);
  const plane = width * height;
  const data = new Float32Array(pixels.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < plane; i++) data[channel * plane + i] = pixels[i * channels + channel] ?? 0;
  }
  return { dims: [1, channels, height, width], data };
}
