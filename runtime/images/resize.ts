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
 * align_corners=False) on [height, width, channels]. Computed in double, rounded once.
 */
export function resizeBilinear(
  image: Raster,
  width: number,
  height: number,
): Raster & { data: Float32Array } {
  const { channels } = image;
  const x = taps(image.width, width);
  const y = taps(image.height, height);
  const length = width * channels;
  const data = new Float32Array(length * height);
  // Growing, many output rows lie between the same two input rows: each is stretched once.
  let north = { row: -1, values: new Float64Array(length) };
  let south = { row: -1, values: new Float64Array(length) };
  for (let row = 0; row < height; row++) {
    const [above, below, down] = [y.low[row] ?? 0, y.high[row] ?? 0, y.part[row] ?? 0];
    if (south.row === above) [north, south] = [south, north];
    if (north.row !== above) stretchRow(image, above, x, north);
    if (south.row !== below) stretchRow(image, below, x, south);
    const [upper, lower] = [north.values, south.values];
    const start = row * length;
    for (let i = 0; i < length; i++) {
      data[start + i] = (upper[i] ?? 0) * (1 - down) + (lower[i] ?? 0) * down;
    }
  }
  return { width, height, channels, data };
}

/** One row of the image at the new width. */
function stretchRow(
  { width, channels, data }: Raster,
  row: number,
  { low, high, part }: Taps,
  into: { row: number; readonly values: Float64Array },
): void {
  into.row = row;
  const start = row * width * channels;
  let at = 0;
  for (let column = 0; column < low.length; column++) {
    const left = start + (low[column] ?? 0) * channels;
    const right = start + (high[column] ?? 0) * channels;
    const along = part[column] ?? 0;
    for (let channel = 0; channel < channels; channel++) {
      into.values[at++] = (data[left + channel] ?? 0) * (1 - along) + (data[right + channel] ?? 0) * along;
    }
  }
}
