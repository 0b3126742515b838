import { latin1 } from './formats.js';

/** Tags of TIFF 6.0. */
export const TIFF_TAGS = { compression: 0x0103, photometric: 0x0106 } as const;

/** Its magic number; BigTIFF has another. */
const TIFF = 42;

/** A short of the first directory of a TIFF file (TIFF 6.0, section 2); undefined where it is not there. */
export function tiffTag(bytes: Uint8Array, tag: number): number | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = latin1(bytes, 0, 2) === 'II';
  const start = view.getUint32(4, little);
  if (view.getUint16(2, little) !== TIFF || start + 2 > bytes.length) return undefined;
  const count = view.getUint16(start, little);
  for (let entry = start + 2; entry < start + 2 + 12 * count && entry + 10 <= bytes.length; entry += 12) {
    if (view.getUint16(entry, little) === tag) return view.getUint16(entry + 8, little);
  }
  return undefined;
}
