import type { LabelMap, Mask, Probabilities, Raster } from '../common/raster.js';

/** The least probability of a mask where nothing else is said. */
export const DEFAULT_THRESHOLD = 0.5;

/** The least float32 above it: nnU-Net's regions are where a probability is greater than a half. */
export const ABOVE_HALF = 0.5 + 2 ** -24;

/** The mask: 255 where the probability reaches the threshold. */
export function thresholded(probabilities: Raster, threshold: number): Mask {
  const { width, height, data: from } = probabilities;
  const data = new Uint8Array(from.length);
  for (let i = 0; i < data.length; i++) data[i] = (from[i] as number) >= threshold ? 255 : 0;
  return { width, height, channels: 1, data };
}

/** Pixels inside a mask. */
export function area({ data }: Mask): number {
  let inside = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) inside++;
  return inside;
}

/** The most probable class of each pixel among those whose mask holds it; the first of equals. */
export function labelMap({ width, height, data }: Probabilities, masks: readonly Mask[]): LabelMap {
  const size = width * height;
  const labels = new Uint8Array(size);
  const best = new Float32Array(size).fill(Number.NEGATIVE_INFINITY);
  for (const [index, mask] of masks.entries()) {
    for (let i = 0; i < size; i++) {
      const probability = data[index * size + i] as number;
      if (mask.data[i] === 0 || !(probability > (best[i] as number))) continue;
      best[i] = probability;
      labels[i] = index + 1;
    }
  }
  return { width, height, channels: 1, data: labels };
}
