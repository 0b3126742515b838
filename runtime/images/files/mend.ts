/** What is harmless in damaged files is put right before a decoder sees them; it may then refuse whatever else it finds. */

import type { ImageRaster } from '../../common/raster.js';
import { turn } from '../turn.js';
import type { Mended } from './exif.js';
import type { ImageFormat } from './formats.js';
import { checkScans } from './jpeg-scans.js';
import { mendJpeg } from './mend-jpeg.js';
import { mendPng } from './mend-png.js';
import { mendWebp } from './mend-webp.js';

/** What was decoded of a mended file: upright, and with what was passed over. */
export function finished<Image extends ImageRaster>(image: Image, { orientation, warnings }: Mended): Image {
  const upright = turn(image, orientation);
  return warnings.length === 0 ? upright : { ...upright, warnings: [...warnings, ...(image.warnings ?? [])] };
}

const MENDERS: Readonly<Record<ImageFormat['name'], (bytes: Uint8Array) => Mended | Promise<Mended>>> = {
  JPEG: (bytes) => {
    const mended = mendJpeg(bytes);
    checkScans(mended.bytes);
    return mended;
  },
  PNG: mendPng,
  WebP: mendWebp,
  // Read in Node only, whose decoder turns it.
  TIFF: (bytes) => ({ bytes, orientation: 1, warnings: [] }),
};

/**
 * Puts right what is harmless, and takes the orientation out so that no decoder turns the image.
 * @throws Error for damage at which decoders do not look; what else is damaged is left to them
 */
export async function mend(bytes: Uint8Array, format: ImageFormat['name']): Promise<Mended> {
  return MENDERS[format](bytes);
}
