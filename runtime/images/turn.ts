import { assertWhole, emptyAs, type ImageRaster } from '../common/raster.js';
import type { Orientation } from './files/exif.js';

/** Where the first pixel of the upright image lies, and how far from one to the next, along rows and down columns. */
type Path = (width: number, height: number) => readonly [first: number, across: number, down: number];

const PATHS: Readonly<Record<Exclude<Orientation, 1>, Path>> = {
  2: (width) => [width - 1, -1, width],
  3: (width, height) => [width * height - 1, -1, -width],
  4: (width, height) => [width * (height - 1), 1, -width],
  5: (width) => [0, width, 1],
  6: (width, height) => [width * (height - 1), -width, 1],
  7: (width, height) => [width * height - 1, -width, -1],
  8: (width) => [width - 1, width, -1],
};

/** The image upright: one rule for all formats and platforms, which do not agree on whose EXIF data they follow. */
export function turn<Image extends ImageRaster>(image: Image, orientation: Orientation): Image {
  if (orientation === 1) return image;
  assertWhole(image);
  const { data: from, channels, width: fromWidth, height: fromHeight } = image;
  const [first, across, down] = PATHS[orientation](fromWidth, fromHeight);
  const [width, height] = orientation < 5 ? [fromWidth, fromHeight] : [fromHeight, fromWidth];
  const data = emptyAs(from, from.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = channels * (first + y * down); x < width; x++, at += channels * across) {
      for (let channel = 0; channel < channels; channel++) data[to++] = from[at + channel] as number;
    }
  }
  return { ...image, width, height, data };
}
