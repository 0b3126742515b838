import type { Mask, Raster } from '../common/raster.js';
import { resizeBilinear } from '../images/resize.js';
import { thresholded } from '../masks/threshold.js';
import type { Truth } from './truth.js';

/** A mask of ground truth, and where it counts. */
export interface TruthMask {
  readonly mask: Mask;
  /** 1 where a pixel counts, 0 where it does not; absent where all do. */
  readonly counted?: Uint8Array;
}

/**
 * Ground truth at a size, resized bilinearly: a pixel counts where at least half of it does, and is foreground where at least
 * half of what counts of it is. Labels never blend.
 */
export function truthAt(
  { width, height, shares, counted }: Truth,
  toWidth: number,
  toHeight: number,
): TruthMask {
  const resized = (data: Float32Array | Uint8Array): Raster =>
    width === toWidth && height === toHeight
      ? { width, height, channels: 1, data }
      : resizeBilinear({ width, height, channels: 1, data }, toWidth, toHeight);
  const foreground = resized(shares);
  if (counted === undefined) return { mask: thresholded(foreground, 0.5) };
  const weights = resized(counted).data;
  const data = Uint8Array.from(foreground.data, (share, i) => {
    const weight = weights[i] as number;
    return weight >= 0.5 && share >= 0.5 * weight ? 255 : 0;
  });
  return {
    mask: { width: toWidth, height: toHeight, channels: 1, data },
    counted: Uint8Array.from(weights, (weight) => Number(weight >= 0.5)),
  };
}
