import { formatOf, type ImageFormat, isAnimatedPng, latin1, pngChunks } from '../images/files/formats.js';
import { isFrame } from '../images/files/jpeg-segments.js';
import { hasAlphaPng, mayBeGrey } from '../images/files/png-image.js';

/** What a file says of its image before it is decoded. */
export interface ImageHeader {
  readonly format: ImageFormat['name'];
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: number;
  /** Whether it may hold grey alone. */
  readonly grey: boolean;
  /** Whether it holds how opaque its pixels are. */
  readonly alpha: boolean;
}

/**
 * Reads the header of an image: how large it is must be known before a browser decodes it, and a browser shows what came of
 * half a file.
 * @throws Error for formats that are not read, and for what is animated or cut short
 */
export function readHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const { name: format } = formatOf(bytes, 'JPEG, PNG or WebP');
    return { format, ...HEADERS[format](view, bytes) };
  } catch (error) {
    throw error instanceof RangeError ? new Error('it is truncated', { cause: error }) : error;
  }
}

type Measures = Omit<ImageHeader, 'format'>;

const HEADERS = { JPEG: jpeg, PNG: png, WebP: webp, TIFF: tiff } as const;

/** PNG specification, 11.2.1 (IHDR). */
function png(view: DataView, bytes: Uint8Array): Measures {
  if (isAnimatedPng(bytes)) throw new Error('it holds several images, expected one');
  let [count, last] = [0, ''];
  for (const { type } of pngChunks(bytes)) {
    if ((type === 'IHDR') !== (count === 0)) throw new Error('it is damaged');
    last = type;
    count++;
  }
  if (last !== 'IEND') throw new RangeError();
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: view.getUint8(24),
    grey: mayBeGrey(bytes),
    alpha: hasAlphaPng(bytes),
  };
}

/** ITU-T T.81, B.2.2 (frame header). Markers without a length, and the scan, do not come before it. */
function jpeg(view: DataView, bytes: Uint8Array): Measures {
  let at = 2;
  for (;;) {
    const marker = view.getUint16(at);
    if (marker === 0xffff) {
      at++;
      continue;
    }
    const isBare = marker === 0xff01 || (marker >= 0xffd0 && marker <= 0xffda);
    if (marker < 0xff00 || isBare) throw new Error('its segments are damaged');
    if (isFrame(marker & 0xff)) break;
    at += 2 + view.getUint16(at + 2);
  }
  let end = bytes.length;
  do end = bytes.lastIndexOf(0xd9, end - 1);
  while (end > at && bytes[end - 1] !== 0xff);
  if (end <= at) throw new RangeError();
  if (view.getUint8(at + 9) === 4)
    throw new Error('browsers convert CMYK each in its own way: convert it to RGB');
  return {
    width: view.getUint16(at + 7),
    height: view.getUint16(at + 5),
    depth: view.getUint8(at + 4),
    grey: view.getUint8(at + 9) === 1,
    alpha: false,
  };
}

/** WebP Container Specification: VP8X has the canvas, VP8L and VP8 the image (RFC 6386, 9.1). */
function webp(view: DataView, bytes: Uint8Array): Measures {
  if (view.getUint32(4, true) + 8 > bytes.length) throw new RangeError();
  const kind = latin1(bytes, 12, 16);
  const colours = { depth: 8, grey: false, alpha: false };
  const uint24 = (at: number) => view.getUint16(at, true) + 2 ** 16 * view.getUint8(at + 2);
  if (kind === 'VP8X') {
    const flags = view.getUint8(20);
    if ((flags & 2) !== 0) throw new Error('it holds several images, expected one');
    return { width: 1 + uint24(24), height: 1 + uint24(27), ...colours, alpha: (flags & 0x10) !== 0 };
  }
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true);
    const alpha = ((bits >>> 28) & 1) !== 0;
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff), ...colours, alpha };
  }
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff, ...colours };
}

function tiff(): never {
  throw new Error('most browsers do not decode TIFF: convert it to PNG');
}
