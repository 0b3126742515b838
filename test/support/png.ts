import { deflateSync } from 'node:zlib';
import { crc32 } from '../../runtime/images/files/formats.js';

/** A chunk of a PNG file (PNG specification, 5.3). */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const checked = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(checked));
  return Buffer.concat([length, checked, crc]);
}

interface Handmade {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** PNG specification, 11.2.1. */
  readonly colourType: number;
  /** As they are stored: rows of packed samples, without filters. */
  readonly rows: readonly Uint8Array[];
  /** RGB of each index. */
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
}

/** A PNG written sample by sample, of kinds that image libraries do not write. */
export function handmadePng({
  width,
  height,
  depth,
  colourType,
  rows,
  palette,
  transparency,
}: Handmade): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType], 8);
  const filtered = Buffer.concat(rows.flatMap((row) => [Buffer.of(0), row]));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...(palette ? [pngChunk('PLTE', Buffer.from(palette))] : []),
    ...(transparency ? [pngChunk('tRNS', Buffer.from(transparency))] : []),
    pngChunk('IDAT', deflateSync(filtered)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PNG of 8 bits whose samples are indices of a palette. */
export function indexedPng(
  width: number,
  indices: readonly number[] | Uint8Array,
  palette: readonly number[],
  transparency?: readonly number[],
): Buffer {
  const height = indices.length / width;
  const rows = Array.from({ length: height }, (_, row) =>
    Uint8Array.from(indices.slice(row * width, (row + 1) * width)),
  );
  return handmadePng({
    width,
    height,
    depth: 8,
    colourType: 3,
    rows,
    palette,
    ...(transparency && { transparency }),
  });
}
