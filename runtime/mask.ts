import type { Mask, Raster, RgbImage } from './raster.js';

/** The mask: 255 where the probability reaches the threshold. */
export function cut(probabilities: Raster, threshold: number): Mask {
  const { width, height, data: from } = probabilities;
  const data = new Uint8Array(from.length);
  for (let i = 0; i < data.length; i++) data[i] = (from[i] ?? 0) >= threshold ? 255 : 0;
  return { width, height, channels: 1, data };
}

/** Dice similarity coefficient 2 |A and B| / (|A| + |B|) of two masks of one size; 1 where both are empty. */
export function dice(a: Mask, b: Mask): number {
  let [both, sum] = [0, 0];
  for (let i = 0; i < a.data.length; i++) {
    const [inA, inB] = [a.data[i] !== 0, b.data[i] !== 0];
    if (inA && inB) both++;
    sum += Number(inA) + Number(inB);
  }
  return sum === 0 ? 1 : (2 * both) / sum;
}

/** Share of the image inside a mask, 0..1. */
export function coverage({ data }: Mask): number {
  let inside = 0;
  for (const value of data) if (value !== 0) inside++;
  return inside / data.length;
}

/** Colour and share of it over what is segmented. */
const TINT = [255, 64, 32];
const OPACITY = 0.4;

/** The image with the mask laid over it and its outline drawn. */
export function overlay(image: RgbImage, mask: Mask): RgbImage {
  const { width, height } = image;
  const data = Uint8Array.from(image.data);
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask.data[y * width + x] !== 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      const edge = !inside(x - 1, y) || !inside(x + 1, y) || !inside(x, y - 1) || !inside(x, y + 1);
      const share = edge ? 1 : OPACITY;
      for (const [channel, colour] of TINT.entries()) {
        const at = (y * width + x) * 3 + channel;
        data[at] = Math.round((data[at] ?? 0) * (1 - share) + colour * share);
      }
    }
  }
  return { width, height, channels: 3, data };
}
