import { isLossyWebp } from '../../images/files/formats.js';
import { type TruthImage, truthOfPng } from '../../truth/truth-image.js';
import type { ImageHeader } from '../header.js';
import { pixelsOf } from './pixels.js';
import { bitmapOf, decodeFile, reading, samplesOfPng } from './read-source.js';

/**
 * Decodes a ground-truth file to what it stores, upright: colour profiles are not applied, palettes not looked up,
 * transparency not dropped.
 * @throws NmodeError (BAD_IMAGE) with the file's name
 */
export function readTruthImage(file: File): Promise<TruthImage> {
  return reading(file.name, () => decodeFile(file, decode));
}

async function decode(bytes: Uint8Array, { format }: ImageHeader): Promise<TruthImage> {
  if (format === 'PNG') return truthOfPng(await samplesOfPng(bytes));
  const image = await pixelsOf(await bitmapOf(bytes, 'none'), { opaque: true });
  return { ...image, full: 255, lossy: format === 'JPEG' || isLossyWebp(bytes) };
}
