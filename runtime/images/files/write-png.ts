import { badUsage } from '../../../graph/common/errors.js';
import { checkArgument, type Kind } from '../../../graph/common/option-kinds.js';
import { PIXELS, type Raster } from '../../common/raster.js';
import { crc32, joined } from './formats.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Compresses as zlib does. */
export type Deflate = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

const PALETTE: Kind = [
  'RGB of each value in bytes',
  (palette) => palette instanceof Uint8Array && palette.length % 3 === 0,
];

/**
 * Writes pixels of 8 bits as PNG (PNG specification, 5 and 11): grey, RGB or, with a palette, indices of it.
 * @param palette RGB of each index, 8 bits a sample
 * @throws NmodeError (BAD_USAGE) for other pixels, and for an index beyond the palette
 */
export async function writePng(pixels: Raster, deflate: Deflate, palette?: Uint8Array) {
  checkArgument('pixels', pixels, PIXELS);
  if (palette !== undefined) checkArgument('palette', palette, PALETTE);
  const { width, height, channels, data } = pixels;
  const isIndexed = palette !== undefined;
  if (!(data instanceof Uint8Array) || !(channels === 1 || (channels === 3 && !isIndexed))) {
    throw badUsage('expected 8 bits a sample, grey or RGB, or indices of a palette');
  }
  if (isIndexed && !data.every((index) => 3 * index < palette.length)) {
    throw badUsage(`a label beyond the ${palette.length / 3} colours of its table`);
  }
  const length = width * channels;
  const rows = new Uint8Array(height * (1 + length));
  for (let y = 0; y < height; y++)
    rows.set(data.subarray(y * length, (y + 1) * length), y * (1 + length) + 1);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, isIndexed ? 3 : channels === 1 ? 0 : 2);
  return joined([
    SIGNATURE,
    chunk('IHDR', new Uint8Array(header.buffer)),
    ...(isIndexed ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', await deflate(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
