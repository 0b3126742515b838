import { at } from '../../../graph/common/at.js';
import type { Raster, RgbImage } from '../../common/raster.js';
import { crc32, isAncillary, pngChunks, withoutChunks } from '../../images/files/formats.js';
import { unfilter } from '../../images/files/png.js';
import { writePng } from '../../images/files/write-png.js';
import type { ImageHeader } from '../header.js';

/** Where the first chunk, IHDR, has these (PNG specification, 11.2.1). */
const [COLOUR_TYPE, INTERLACE] = [25, 28];

/** Samples of a pixel by colour type: grey, RGB, grey and alpha, RGBA. Palettes have at most 8 bits. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/**
 * Decodes a PNG of 16 bits a sample, which browsers round to 8. Grey becomes three channels, transparency is dropped.
 * @throws Error for what is damaged, interlaced, or in another colour space
 */
export async function decodeDeepPng(bytes: Uint8Array, { width, height }: ImageHeader): Promise<RgbImage> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const { type, data, checked, crc } of pngChunks(bytes)) {
    if (crc32(checked) !== crc) throw new Error('it is damaged');
    if (type === 'IDAT') parts.push(data.slice());
    if (type === 'iCCP')
      throw new Error('browsers cannot apply a colour profile at 16 bits: convert it to sRGB');
  }
  const samples = SAMPLES[at(bytes, COLOUR_TYPE)];
  if (samples === undefined) throw new Error('it is damaged');
  if (bytes[INTERLACE] !== 0) throw new Error('it is interlaced at 16 bits: save it without interlacing');
  const rows = await inflate(parts, height * (1 + 2 * samples * width));
  unfilter(rows, 2 * samples, 2 * samples * width);
  const data = new Uint16Array(3 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const start = y * (1 + 2 * samples * width) + 1;
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const from = start + 2 * (x * samples + (samples < 3 ? 0 : channel));
        data[to++] = ((rows[from] as number) << 8) | (rows[from + 1] as number);
      }
    }
  }
  return { width, height, channels: 3, data };
}

/** Chunks that tell how the numbers of an image are to be shown: browsers apply them, Node does not, neither did training. */
const SHOWING = new Set(['gAMA', 'cHRM', 'cICP', 'mDCV', 'cLLI']);

/** A PNG without a gamma, primaries or transfer curve of its own. A whole colour profile stays. */
export function withoutGamma(bytes: Uint8Array): Blob {
  return new Blob([withoutChunks(bytes, ({ type }) => SHOWING.has(type)).slice()], { type: 'image/png' });
}

/**
 * Holds the image data to its checksums, at which browsers do not look.
 * @throws Error
 */
export async function checkPng(bytes: Uint8Array): Promise<void> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const chunk of pngChunks(bytes)) {
    if (!isAncillary(chunk) && chunk.type !== 'IEND' && crc32(chunk.checked) !== chunk.crc)
      throw new Error('it is damaged');
    if (chunk.type === 'IDAT') parts.push(chunk.data.slice());
  }
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate'));
  await stream.pipeTo(new WritableStream()).catch((error: unknown) => {
    throw new Error('its image data are damaged', { cause: error });
  });
}

/** Deflate packs no more bytes than this into one (RFC 1951: 258 of them into two bits). */
const MAX_INFLATION = 1032;

/** Exactly as many bytes as are told: what would be more is not even taken, and no memory for what cannot come. */
export async function inflate(parts: readonly Uint8Array<ArrayBuffer>[], length: number) {
  const packed = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MAX_INFLATION * packed) throw new Error('it is truncated');
  const reader = new Blob([...parts]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  const whole = new Uint8Array(length);
  let filled = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (filled + part.value.length > length) throw new Error('it holds more than its size says');
    whole.set(part.value, filled);
    filled += part.value.length;
  }
  if (filled < length) throw new Error('it is truncated');
  return whole;
}

/** Encodes pixels of 8 bits, grey or RGB, as PNG; one channel, with a palette (RGB, 8 bits each), as indices of it. */
export async function encodePng(pixels: Raster, palette?: Uint8Array): Promise<Blob> {
  const deflate = async (bytes: Uint8Array<ArrayBuffer>) => {
    const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  return new Blob([await writePng(pixels, deflate, palette)], { type: 'image/png' });
}
