import { latin1 } from './formats.js';

/** Tags of TIFF 6.0. */
export const TIFF_TAGS = { compression: 0x0103, photometric: 0x0106, orientation: 0x0112 } as const;

/**
 * A short of the first directory of a TIFF file, which EXIF data is as well (TIFF 6.0, section 2); undefined where it is
 * not there.
 */
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

/** Its magic number; BigTIFF has another. */
const TIFF = 42;

/** The orientation, 1..8, that EXIF data tells; 1 where it tells none. */
export function orientationOf(exif: Uint8Array): number {
  return tiffTag(exif, TIFF_TAGS.orientation) ?? 1;
}

/** Whether an orientation exchanges width and height. */
export const swapsSides = (orientation: number) => orientation >= 5 && orientation <= 8;

/** Pixels upright: turned and mirrored as an EXIF orientation says. An unknown one leaves them as they are. */
export function upright<Samples extends Uint8Array | Uint16Array>(
  image: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly data: Samples;
  },
  orientation: number,
): { readonly width: number; readonly height: number; readonly data: Samples } {
  const { width: across, height: down, channels, data } = image;
  if (!(orientation >= 2 && orientation <= 8)) return { width: across, height: down, data };
  const swapped = swapsSides(orientation);
  const [width, height] = swapped ? [down, across] : [across, down];
  const [mirrorX, mirrorY] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
  const result = data.slice() as Samples;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = swapped ? [y, x] : [x, y];
      const from = (mirrorY ? down - 1 - row : row) * across + (mirrorX ? across - 1 - column : column);
      for (let channel = 0; channel < channels; channel++)
        result[to++] = data[from * channels + channel] ?? 0;
    }
  }
  return { width, height, data: result };
}
