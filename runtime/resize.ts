/** Pixels interleaved by channel: row by row, [height, width, channels]. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array | Uint8Array;
}

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
    const top = (y.low[row] ?? 0) * image.width;
    const bottom = (y.high[row] ?? 0) * image.width;
    const down = y.part[row] ?? 0;
    for (let column = 0; column < width; column++) {
      const [left, right, along] = [x.low[column] ?? 0, x.high[column] ?? 0, x.part[column] ?? 0];
      for (let channel = 0; channel < channels; channel++) {
        const pixel = (line: number, place: number) => from[(line + place) * channels + channel] ?? 0;
        const above = pixel(top, left) * (1 - along) + pixel(top, right) * along;
        const below = pixel(bottom, left) * (1 - along) + pixel(bottom, right) * along;
        data[at++] = above * (1 - down) + below * down;
      }
    }
  }
  return { width, height, channels, data };
}
