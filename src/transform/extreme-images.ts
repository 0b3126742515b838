import type { ImageRaster } from '../../runtime/common/raster.js';

/** An image that no folder of typical ones holds, but that a camera gives. */
export interface ExtremeImage {
  /** What messages call it. */
  readonly name: string;
  readonly image: ImageRaster;
}

/** The level of every channel of a pixel, 0..255. */
type Level = (x: number, y: number) => number;

const isOdd = (x: number, y: number) => (x + y) % 2 === 1;

const LEVELS: Readonly<Record<string, Level>> = {
  'a black image': () => 0,
  'a white image': () => 255,
  'a grey image': () => 128,
  'a checkerboard': (x, y) => (isOdd(x, y) ? 255 : 0),
  'a faint checkerboard': (x, y) => (isOdd(x, y) ? 128 : 127),
};

/** Images of this size and so many channels on which epsilons, maxima and variances decide what a network computes. */
export function extremeImages(width: number, height: number, channels: number): readonly ExtremeImage[] {
  return Object.entries(LEVELS).map(([name, level]) => {
    const data = new Uint8Array(channels * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const value = level(pixel % width, Math.floor(pixel / width));
      data.fill(value, channels * pixel, channels * (pixel + 1));
    }
    return { name, image: { width, height, channels, data } };
  });
}
