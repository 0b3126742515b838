import type { Entry } from 'yauzl';
import type { Source } from './source.js';

/** Where an entry lies in a zip file: its own header, then its data. */
export interface Extent {
  readonly name: string;
  readonly begin: number;
  readonly data: number;
  readonly end: number;
}

const HEADER_BYTES = 30;
const HEADER_SIGNATURE = 0x04034b50;

/** A size that stands in a zip64 field. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 1;

/** The flag of entries whose CRC and sizes follow their data; in the header they may be 0. */
const HAS_DESCRIPTOR = 8;

/**
 * Reads an entry's own header. Programs that unpack in one pass go by these headers, others by the directory: a file in which
 * the two disagree holds different weights for different readers.
 * @throws Error where it is not what the directory says
 */
export function placeOf(entry: Entry, source: Source): Extent {
  const { fileName: name, relativeOffsetOfLocalHeader: begin, compressedSize } = entry;
  const header = view(source.read(begin, HEADER_BYTES));
  if (header.getUint32(0, true) !== HEADER_SIGNATURE) throw new Error(`entry '${name}' has no local header`);
  const [nameBytes, extraBytes] = [header.getUint16(26, true), header.getUint16(28, true)];
  const data = begin + HEADER_BYTES + nameBytes + extraBytes;
  const own = source.read(begin + HEADER_BYTES, nameBytes);
  if (Buffer.compare(own, entry.fileNameRaw) !== 0) {
    throw new Error(`entry '${name}' has another name, '${Buffer.from(own).toString()}', in its own header`);
  }
  const disagrees = (what: string) => new Error(`entry '${name}' has another ${what} in its own header`);
  if (header.getUint16(8, true) !== entry.compressionMethod) throw disagrees('method');
  const isLate = (header.getUint16(6, true) & HAS_DESCRIPTOR) !== 0;
  const agrees = (found: number, expected: number) => found === expected || (isLate && found === 0);
  if (!agrees(header.getUint32(14, true), entry.crc32)) throw disagrees('CRC-32');
  const sizes = [header.getUint32(22, true), header.getUint32(18, true)];
  if (sizes.includes(IN_ZIP64)) {
    const large = zip64Sizes(source.read(data - extraBytes, extraBytes));
    for (const [at, size] of sizes.entries()) if (size === IN_ZIP64) sizes[at] = large.shift() ?? size;
  }
  const [unpacked = 0, packed = 0] = sizes;
  if (!agrees(unpacked, entry.uncompressedSize) || !agrees(packed, compressedSize)) throw disagrees('size');
  if (data + compressedSize > source.size)
    throw new RangeError(`entry '${name}' lies beyond the end of the file`);
  return { name, begin, data, end: data + compressedSize };
}

/** The sizes in the zip64 field of an extra field: unpacked, then packed. */
function zip64Sizes(extra: Uint8Array): number[] {
  const fields = view(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [fields.getUint16(at, true), fields.getUint16(at + 2, true)];
    if (id === ZIP64_FIELD) {
      const count = Math.floor(Math.min(length, extra.length - at - 4) / 8);
      return Array.from({ length: count }, (_, i) => Number(fields.getBigUint64(at + 4 + 8 * i, true)));
    }
    at += 4 + length;
  }
  return [];
}

function view({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
