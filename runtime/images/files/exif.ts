import { latin1 } from './formats.js';

/** How an image is to be turned to be upright: 1 not at all, ..., 8 (EXIF 2.3, 4.6.4). */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** A file as it is given to a decoder. */
export interface Mended {
  /** The file itself, where nothing was to be done. Tells no other orientation than 1. */
  readonly bytes: Uint8Array;
  /** How what is decoded is to be turned. */
  readonly orientation: Orientation;
  /** What was put right, and what was taken for what is lacking. */
  readonly warnings: readonly string[];
}

export interface Exif {
  readonly orientation: Orientation;
  /** Why the orientation is a guess. */
  readonly problem?: string;
}

const ORIENTATION = 0x0112;

/** TIFF 6.0: bytes of a directory entry, and the types that a number may have: BYTE, SHORT, LONG. */
const ENTRY = 12;
const [BYTE, SHORT, LONG] = [1, 3, 4];

const guess = (problem: string): Exif => ({
  orientation: 1,
  problem: `${problem}: the image is taken as upright`,
});

/**
 * Reads the orientation out of EXIF data (TIFF 6.0, first directory); an image that tells none is upright. Reads each entry
 * once, whatever the data say of their length.
 * @param bytes with or without the name that JPEG puts before them; undefined where a file has none
 */
export function readExif(bytes: Uint8Array | undefined): Exif {
  if (bytes === undefined) return { orientation: 1 };
  const exif = latin1(bytes, 0, 5) === 'Exif\0' ? bytes.subarray(6) : bytes;
  const order = latin1(exif, 0, 4);
  if (exif.length < 8 || (order !== 'II*\0' && order !== 'MM\0*')) return guess('its EXIF data are damaged');
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  const little = order === 'II*\0';
  const start = view.getUint32(4, little);
  if (start + 2 > exif.length) return guess('its EXIF data are cut short');
  const count = view.getUint16(start, little);
  const whole = Math.min(count, Math.floor((exif.length - start - 2) / ENTRY));
  for (let at = start + 2; at < start + 2 + ENTRY * whole; at += ENTRY) {
    if (view.getUint16(at, little) === ORIENTATION) return orientationIn(view, at, little);
  }
  return whole < count ? guess('its EXIF data are cut short') : { orientation: 1 };
}

function orientationIn(view: DataView, at: number, little: boolean): Exif {
  const value = numberOf(view, at, little);
  if (value === undefined || view.getUint32(at + 4, little) !== 1)
    return guess('its EXIF orientation is not one number');
  if (!isOrientation(value)) return guess(`its EXIF orientation is ${value}, expected 1 to 8`);
  return { orientation: value };
}

function numberOf(view: DataView, at: number, little: boolean): number | undefined {
  const type = view.getUint16(at + 2, little);
  if (type === BYTE) return view.getUint8(at + 8);
  if (type === SHORT) return view.getUint16(at + 8, little);
  return type === LONG ? view.getUint32(at + 8, little) : undefined;
}

export const isOrientation = (value: number): value is Orientation =>
  Number.isInteger(value) && value >= 1 && value <= 8;

/** Whether an orientation exchanges width and height. */
export const swapsSides = (orientation: Orientation): boolean => orientation >= 5;
