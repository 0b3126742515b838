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
  if (format === undefined) throw new Error(`expected ${expected}`);
  return format;
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
  for (let at = 8; at + 12 <= bytes.length; ) {
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

/** APNG says that it is animated in a chunk before the first image data (APNG specification, acTL). */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  for (const { type } of pngChunks(bytes)) {
    if (type === 'acTL') return true;
    if (type === 'IDAT') return false;
  }
  return false;
}
