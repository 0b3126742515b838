import { NO_VOLUMES, VOLUME_HEADER, volumeFormat } from './volumes.js';

/** The formats that are read, by their first bytes, and the extensions that go with each. */
export const FORMATS = [
  { name: 'JPEG', magic: /^\xff\xd8\xff/, extensions: ['.jpg', '.jpeg'] },
  { name: 'PNG', magic: /^\x89PNG\r\n/, extensions: ['.png'] },
  { name: 'WebP', magic: /^RIFF....WEBP/s, extensions: ['.webp'] },
  { name: 'TIFF', magic: /^(?:II[*+]\0|MM\0[*+])/, extensions: ['.tif', '.tiff'] },
] as const;

export type ImageFormat = (typeof FORMATS)[number];

/** Bytes as characters of the same codes. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** The format that the first bytes are of, if it is one of those. */
export function knownFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = latin1(bytes, 0, 16);
  return FORMATS.find(({ magic }) => magic.test(head));
}

/**
 * The format that the first bytes are of.
 * @param expected what is said where they are of none
 * @throws Error
 */
export function formatOf(bytes: Uint8Array, expected: string): ImageFormat {
  if (bytes.length === 0) throw new Error('it is empty');
  const format = knownFormat(bytes);
  if (format !== undefined) return format;
  const volume = volumeFormat(latin1(bytes, 0, VOLUME_HEADER));
  throw new Error(volume === undefined ? `expected ${expected}` : `it is ${volume}, and ${NO_VOLUMES}`);
}

/** A WebP file holds what was compressed with loss in a chunk of its own (WebP Container Specification). */
export function isLossyWebp(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (knownFormat(bytes)?.name !== 'WebP') return false;
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (latin1(bytes, at, at + 4) === 'VP8 ') return true;
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
  return false;
}

const PNG_SIGNATURE_BYTES = 8;

/** PNG specification, annex D. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** The CRC of a PNG chunk. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC_TABLE[(c ^ byte) & 255] as number) ^ (c >>> 8);
  return ~c >>> 0;
}

export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Its length, type, data and CRC. */
  readonly whole: Uint8Array;
  /** With its type, which its CRC covers as well, and that CRC. */
  readonly checked: Uint8Array;
  readonly crc: number;
}

/** The chunks of a PNG file that are whole, up to its end (PNG specification, 5.3). */
export function* pngChunks(bytes: Uint8Array): Generator<PngChunk, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = PNG_SIGNATURE_BYTES; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) return;
    const type = latin1(bytes, at + 4, at + 8);
    yield {
      type,
      data: bytes.subarray(at + 8, end),
      whole: bytes.subarray(at, end + 4),
      checked: bytes.subarray(at + 4, end),
      crc: view.getUint32(end),
    };
    if (type === 'IEND') return;
    at = end + 4;
  }
}

/** Whether a chunk may be left out: the first letter of its type is a small one (PNG specification, 5.4). */
export const isAncillary = ({ type }: PngChunk) => (type.charCodeAt(0) & 0x20) !== 0;

/** More than any program leaves out: what is kept between them is held piece by piece. */
const MAX_LEFT_OUT = 10_000;

/**
 * A PNG file up to its end, without some of its chunks.
 * @throws Error for more of these than any program writes
 */
export function withoutChunks(bytes: Uint8Array, leaveOut: (chunk: PngChunk) => boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  let [from, at] = [0, PNG_SIGNATURE_BYTES];
  for (const chunk of pngChunks(bytes)) {
    const end = at + chunk.whole.length;
    if (leaveOut(chunk)) {
      if (parts.length === MAX_LEFT_OUT)
        throw new Error(`more than ${MAX_LEFT_OUT} of its chunks are to be left out`);
      parts.push(bytes.subarray(from, at));
      from = end;
    }
    at = end;
  }
  return joined([...parts, bytes.subarray(from, at)]);
}

/** Bytes one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether a PNG has a chunk of this type before its first image data. */
export function hasChunk(bytes: Uint8Array, name: string): boolean {
  for (const { type } of pngChunks(bytes)) {
    if (type === name) return true;
    if (type === 'IDAT') return false;
  }
  return false;
}

/** APNG says that it is animated in a chunk before the first image data (APNG specification, acTL). */
export const isAnimatedPng = (bytes: Uint8Array): boolean => hasChunk(bytes, 'acTL');
