import { isLossyWebp } from '../../images/files/formats.js';
import { decodePng } from '../../images/files/png.js';
import { type TruthImage, truthOfPng } from '../../truth/truth-image.js';
import { readHeader } from '../header.js';
import { BITMAP_OPTIONS, pixelsOf } from './pixels.js';
import { inflate } from './png.js';
import { checkSize, decodeFile, MAX_PIXELS, reading } from './read-source.js';

/**
 * Decodes a ground-truth file to what it stores, upright: colour profiles are not applied, palettes not looked up,
 * transparency not dropped.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export function readTruthImage(file: File): Promise<TruthImage> {
  return reading(file.name, () => decodeFile(file, decode));
}

async function decode(bytes: Uint8Array): Promise<TruthImage> {
  const header = readHeader(bytes);
  checkSize(header);
  if (header.format === 'PNG') {
    return truthOfPng(await decodePng(bytes, (deflated, length) => inflate([deflated], length), MAX_PIXELS));
  }
  const options = { ...BITMAP_OPTIONS, colorSpaceConversion: 'none' } as const;
  const bitmap = await createImageBitmap(new Blob([bytes.slice()]), options);
  checkSize(bitmap);
  const image = await pixelsOf(bitmap, { opaque: true });
  return { ...image, full: 255, lossy: header.format === 'JPEG' || isLossyWebp(bytes) };
}
