import { NmodeError } from '../../graph/errors.js';
import { fullScale, type Raster, type RgbImage } from '../images/raster.js';

/**
 * A ground-truth mask as shares, 0..1, of its first channel.
 * @param name stands in messages
 * @throws NmodeError (BAD_IMAGE) for what holds labels
 */
export function sharesOf(image: RgbImage, name: string): Raster & { readonly data: Float32Array } {
  const { width, height, data } = image;
  const full = fullScale(image);
  let most = 0;
  for (const value of data) most = Math.max(most, value);
  if (most > 0 && most <= full / 64) {
    throw new NmodeError(
      'BAD_IMAGE',
      `${name}: its lightest sample is ${most} of ${full}, which looks like labels: expected a mask of 0 and ${full}`,
    );
  }
  const shares = Float32Array.from({ length: width * height }, (_, i) => (data[3 * i] ?? 0) / full);
  return { width, height, channels: 1, data: shares };
}
