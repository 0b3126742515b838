import type { Raster } from './raster.js';

/** For each output place: the two input places and how much of the second. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly part: Float64Array;
}

/** Half-pixel centres, clamped at the edges. */
function taps(from: number, to: number): Taps {
  const result = { low: new Int32Array(to), high: new Int32Array(to), part: new Float64Array(to) };
  for (let i = 0; i < to; i++) {
    const place = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(place), from - 1);
    result.low[i] = low;
    result.high[i] = Math.min(low + 1, from - 1);
    result.part[i] = place - low;
  }
  return result;
}

/**
 * Bilinear resize with half-pixel centres and no antialiasing: torch.nn.functional.interpolate(mode='bilinear',
 * align_corners=False) on [height, width, channels].
 */
export function resizeBilinear(
  image: Raster,
  width: number,
  height: number,
): Raster & { data: Float32Array } {
  const { channels, data: from } = image;
  const [x, y] = [taps(image.width, width), taps(image.height, height)];
  const data = new Float32Array(width * height * channels);
  let at = 0;
  for (let row = 0; row < height; row++) {
    const above = (y.low[row] ?? 0) * image.width;
    const below = (y.high[row] ?? 0) * image.width;
    const down = y.part[row] ?? 0;
    for (let column = 0; column < width; column++) {
      const left = x.low[column] ?? 0;
      const right = x.high[column] ?? 0;
      const along = x.part[column] ?? 0;
      for (let channel = 0; channel < channels; channel++) {
        const nw = from[(above + left) * channels + channel] ?? 0;
        const ne = from[(above + right) * channels + channel] ?? 0;
        const sw = from[(below + left) * channels + channel] ?? 0;
        const se = from[(below + right) * channels + channel] ?? 0;
        const north = nw * (1 - along) + ne * along;
        const south = sw * (1 - along) + se * along;
        data[at++] = north * (1 - down) + south * down;
      }
    }
  }
  return { width, height, channels, data };
}
