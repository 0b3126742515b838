import type { RgbImage } from '../../runtime/common/raster.js';

/** An image that no folder of typical ones holds, but that a camera gives. */
export interface ExtremeImage {
  /** What messages call it. */
  readonly name: string;
  readonly image: RgbImage;
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

/** Images of this size on which epsilons, maxima and variances decide what a network computes. */
export function extremeImages(width: number, height: number): readonly ExtremeImage[] {
  return Object.entries(LEVELS).map(([name, level]) => {
    const data = new Uint8Array(3 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      data.fill(level(pixel % width, Math.floor(pixel / width)), 3 * pixel, 3 * pixel + 3);
    }
    return { name, image: { width, height, channels: 3, data } };
  });
}
