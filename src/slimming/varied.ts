import { isAbsolute, type Normalization } from '../../graph/common/normalization.js';
import { hashOf, uniform } from '../../graph/common/random.js';
import type { Floats } from '../../runtime/sessions/tensors.js';

/** How far an image is shifted, as a share of its side; how much it is scaled; how its brightness changes. */
const [SHIFT, ZOOM, GAIN, GAMMA] = [0.1, 4 / 3, 0.12, 0.3];

/**
 * Makes prepared pixels [1, C, H, W] look as if the camera had been held otherwise: turned by any angle, scaled and shifted, with mirrored borders;
 * and in another light, but for images whose stored values mean something (a CT's). The same for the same name.
 */
export function variedBy(name: string, normalization: Normalization): (image: Floats) => Floats {
  const next = uniform(hashOf(name));
  const within = (most: number) => (2 * next() - 1) * most;
  const angle = 2 * Math.PI * next();
  const zoom = ZOOM ** within(1);
  const [across, down] = [within(SHIFT), within(SHIFT)];
  const gamma = Math.exp(within(GAMMA));
  const gains = Array.from({ length: MAX_GAINS }, () => 1 + within(GAIN));
  return (image) => {
    const moved = resampled(image, angle, zoom, [down, across]);
    return isAbsolute(normalization) ? moved : relit(moved, gamma, gains);
  };
}

/** Channels behind these have the gains of the first again. */
const MAX_GAINS = 16;

function resampled(
  { dims, data: from }: Floats,
  angle: number,
  zoom: number,
  shift: readonly [number, number],
): Floats {
  const [, channels = 1, height = 1, width = 1] = dims;
  const data = new Float32Array(from.length);
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [midY, midX] = [(height - 1) / 2, (width - 1) / 2];
  const size = height * width;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [v, u] = [y - midY - shift[0] * height, x - midX - shift[1] * width];
      const sourceY = mirrored(midY + cos * v + sin * u, height);
      const sourceX = mirrored(midX - sin * v + cos * u, width);
      const [top, left] = [Math.floor(sourceY), Math.floor(sourceX)];
      const [below, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)];
      const [dy, dx] = [sourceY - top, sourceX - left];
      for (let plane = 0; plane < channels * size; plane += size) {
        const [a, b] = [
          from[plane + top * width + left] as number,
          from[plane + top * width + right] as number,
        ];
        const [c, d] = [
          from[plane + below * width + left] as number,
          from[plane + below * width + right] as number,
        ];
        data[plane + y * width + x] = (1 - dy) * (a + dx * (b - a)) + dy * (c + dx * (d - c));
      }
    }
  }
  return { dims, data };
}

/** A place on an axis of an image that goes on as its mirror image. */
function mirrored(place: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1));
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}

/** Between the darkest and the brightest number of the image. */
function relit({ dims, data: from }: Floats, gamma: number, gains: readonly number[]): Floats {
  const [, , height = 1, width = 1] = dims;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of from) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  if (!(range > 0)) return { dims, data: from };
  const data = from.map((value, place) => {
    const gain = gains[Math.floor(place / (height * width)) % gains.length] as number;
    const share = Math.min(1, gain * ((value - low) / range) ** gamma);
    return low + range * share;
  });
  return { dims, data };
}
