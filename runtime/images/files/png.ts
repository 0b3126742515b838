import type { ImageRaster } from '../../common/raster.js';
import { crc32, pngChunks } from './formats.js';

/** Colour types (PNG specification, 11.2.1): samples a pixel, and the depths that each may have. */
const COLOUR_TYPES = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
} as const;

const PALETTE_TYPE = 3;

/** The passes of Adam7 (PNG specification, 8.2): first column and row, steps between columns and rows. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

/** Samples as they are stored: neither scaled, nor looked up in a palette, nor converted by a colour profile. */
export interface PngSamples extends ImageRaster {
  /** Grey or palette index, grey and alpha, RGB, RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits a sample. */
  readonly depth: number;
  /** RGB of each index, 8 bits a sample. */
  readonly palette?: Uint8Array | undefined;
  /** tRNS: of a palette, the alpha of its first entries; else the one grey or RGB that is transparent, 16 bits a sample. */
  readonly transparency?: Uint8Array | undefined;
}

/** Undoes zlib's compression. @throws Error where there is not exactly as much as `length` */
export type Inflate = (deflated: Uint8Array<ArrayBuffer>, length: number) => Promise<Uint8Array>;

/** Bytes a pixel, of the largest image that is read: RGB of 16 bits. */
const MOST_BYTES = 6;

/**
 * Decodes a PNG to the samples that it stores.
 * @throws Error for what is damaged, cut short, animated, or of more pixels than `maxPixels`
 */
export async function decodePng(bytes: Uint8Array, inflate: Inflate, maxPixels: number): Promise<PngSamples> {
  const { header, palette, transparency, length } = partsOf(bytes);
  const { width, height, type, depth, interlaced } = headerOf(header);
  if (width * height > maxPixels) throw new Error(`more than ${maxPixels / 1e6} megapixels`);
  const { channels } = COLOUR_TYPES[type];
  const passes = passesOf(width, height, channels * depth, interlaced);
  const total = passes.reduce((sum, { rows, stride }) => sum + rows * (1 + stride), 0);
  if (total > MOST_BYTES * maxPixels)
    throw new Error(`it decodes to more than ${(MOST_BYTES * maxPixels) / 1e6} MB`);
  const packed = await inflate(imageData(bytes, length), total);
  const data = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let start = 0;
  for (const { x, y, dx, dy, columns, rows, stride } of passes) {
    const pass = packed.subarray(start, start + rows * (1 + stride));
    unfilter(pass, Math.max(1, (channels * depth) / 8), stride);
    for (let row = 0; row < rows; row++) {
      const from = pass.subarray(row * (1 + stride) + 1, (row + 1) * (1 + stride));
      const to = ((y + row * dy) * width + x) * channels;
      if (depth === 8 && dx === 1) data.set(from, to);
      else unpack(from, { depth, columns, channels }, data, to, dx);
    }
    start += pass.length;
  }
  const indexed = type === PALETTE_TYPE;
  if (indexed && !(palette !== undefined && data.every((index) => 3 * index < palette.length))) {
    throw new Error('it is damaged: it has no colour for some of its pixels');
  }
  return { width, height, channels, depth, data, palette: indexed ? palette : undefined, transparency };
}

/** The chunks that are read, and how much image data there is. A hostile file may have millions: none is kept twice. */
function partsOf(bytes: Uint8Array) {
  const first = new Map<string, Uint8Array>();
  let [length, last] = [0, ''];
  for (const { type, data, checked, crc } of pngChunks(bytes)) {
    if (crc32(checked) !== crc) throw new Error('it is damaged');
    if (first.size === 0 && type !== 'IHDR') throw new Error('it is damaged');
    if (type === 'acTL') throw new Error('it holds several images, expected one');
    if (type === 'IDAT') length += data.length;
    else if (READ_CHUNKS.includes(type) && !first.has(type)) first.set(type, data);
    last = type;
  }
  if (last !== 'IEND') throw new Error('it is truncated');
  const [header, palette, transparency] = READ_CHUNKS.map((type) => first.get(type));
  return { header, palette, transparency, length };
}

const READ_CHUNKS: readonly string[] = ['IHDR', 'PLTE', 'tRNS'];

function imageData(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const { type, data } of pngChunks(bytes)) {
    if (type !== 'IDAT') continue;
    whole.set(data, at);
    at += data.length;
  }
  return whole;
}

/** Where the pixels of each pass go, and the bytes of its rows without their filters. */
function passesOf(width: number, height: number, bits: number, interlaced: boolean) {
  return (interlaced ? ADAM7 : WHOLE)
    .map(([x, y, dx, dy]) => {
      const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
      return { x, y, dx, dy, columns, rows, stride: Math.ceil((columns * bits) / 8) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** PNG specification, 11.2.1. @throws Error where it is none */
function headerOf(data: Uint8Array | undefined) {
  if (data?.length !== 13) throw new Error('it is damaged');
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, type] = [view.getUint8(8), view.getUint8(9)];
  const [compression, filter, interlace] = [view.getUint8(10), view.getUint8(11), view.getUint8(12)];
  const known = isColourType(type) && COLOUR_TYPES[type].depths.some((allowed) => allowed === depth);
  if (width === 0 || height === 0 || !known || compression !== 0 || filter !== 0 || interlace > 1) {
    throw new Error('it is damaged');
  }
  return { width, height, type, depth, interlaced: interlace === 1 };
}

function isColourType(type: number): type is keyof typeof COLOUR_TYPES {
  return type in COLOUR_TYPES;
}

/** Samples of a row, `step` pixels apart where they go. */
function unpack(
  row: Uint8Array,
  { depth, columns, channels }: Readonly<Record<'depth' | 'columns' | 'channels', number>>,
  into: Uint8Array | Uint16Array,
  at: number,
  step: number,
): void {
  const mask = 2 ** depth - 1;
  for (let i = 0; i < columns * channels; i++) {
    const bit = i * depth;
    const byte = row[bit >> 3] as number;
    const sample =
      depth === 16 ? (byte << 8) | (row[2 * i + 1] as number) : (byte >> (8 - depth - (bit & 7))) & mask;
    into[at + Math.floor(i / channels) * step * channels + (i % channels)] = sample;
  }
}

/** Undoes the filters of rows in place (PNG specification, 9.2). @param step bytes a pixel, @param length of a row */
export function unfilter(rows: Uint8Array, step: number, length: number): void {
  for (let start = 0; start < rows.length; start += 1 + length) {
    const filter = rows[start];
    const above = start - length;
    for (let i = 0; i < length; i++) {
      const at = start + 1 + i;
      const a = i < step ? 0 : (rows[at - step] as number);
      const b = start === 0 ? 0 : (rows[above + i] as number);
      const c = i < step || start === 0 ? 0 : (rows[above + i - step] as number);
      rows[at] = (rows[at] as number) + predicted(filter, a, b, c);
    }
  }
}

function predicted(filter: number | undefined, a: number, b: number, c: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return (a + b) >> 1;
    case 4: {
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      if (pa <= pb && pa <= pc) return a;
      return pb <= pc ? b : c;
    }
    default:
      throw new Error('it is damaged');
  }
}
