import type { ImageRaster } from '../common/raster.js';
import type { Window } from './courses/tiles.js';

/** 1 for pixels of which some channel is not 0, and 0 for the others. */
export function foregroundOf({ width, height, channels, data }: ImageRaster): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (let pixel = 0, from = 0; pixel < inside.length; pixel++, from += channels) {
    for (let i = from; i < from + channels && inside[pixel] === 0; i++) if (data[i] !== 0) inside[pixel] = 1;
  }
  return inside;
}

/** The smallest rectangle around what is inside; the whole image where nothing is. */
export function boxOf(inside: Uint8Array, width: number): Window {
  const height = inside.length / width;
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y++) {
    const row = inside.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first < 0) continue;
    [left, right] = [Math.min(left, first), Math.max(right, row.lastIndexOf(1) + 1)];
    [top, bottom] = [Math.min(top, y), y + 1];
  }
  return bottom === 0
    ? { x: 0, y: 0, width, height }
    : { x: left, y: top, width: right - left, height: bottom - top };
}

/** A rectangle of an image. */
export function cropped<Image extends ImageRaster>(image: Image, { x, y, width, height }: Window): Image {
  if (width === image.width && height === image.height) return image;
  const { channels, data: from } = image;
  const length = width * height * channels;
  const data = from instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * image.width + x) * channels;
    data.set(from.subarray(start, start + width * channels), row * width * channels);
  }
  return { ...image, width, height, data };
}
