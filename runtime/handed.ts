import { copyOf } from './common/buffers.js';
import type { ImageRaster } from './common/raster.js';
import type { Given } from './threads/thread.js';

/** An image on its way to the thread that reads it, and what is given away with it. */
export interface Handed<T> {
  readonly source: T;
  readonly give?: readonly Given[];
}

/** A copy of pixels, and its memory given away. */
export function handPixels({ width, height, channels, data, warnings }: ImageRaster): Handed<ImageRaster> {
  const copy = copyOf(data, 'the pixels');
  return {
    source: { width, height, channels, data: copy, ...(warnings && { warnings }) },
    give: [copy.buffer],
  };
}
