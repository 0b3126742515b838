import { crc32, inflateRawSync } from 'node:zlib';
import * as yauzl from 'yauzl';
import { reason } from '../../graph/common/errors.js';
import type { Source } from './source.js';

/** torch.save writes one entry a storage and a handful beside; more is no checkpoint. */
const MAX_ENTRIES = 50_000;
/** Weights hardly compress: deflated entries that grow beyond this, and by more than this factor, are a bomb. */
const MAX_INFLATED_BYTES = 2 ** 26;
const MAX_INFLATION = 20;

export interface ZipEntry {
  /** Bytes when unpacked. */
  readonly size: number;
  /** The whole entry, unpacked, its CRC-32 checked where it was computed. */
  read(): Uint8Array;
  /** Likewise, into memory of that size. */
  readInto(target: Uint8Array): void;
}

const STORED = 0;
const DEFLATED = 8;

/** Lets yauzl read the directory through a source; what goes wrong there reaches its callbacks. */
class SourceReader extends yauzl.RandomAccessReader {
  constructor(private readonly source: Source) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    try {
      buffer.set(this.source.read(position, length), offset);
    } catch (error) {
      setImmediate(callback, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    setImmediate(callback, null, length);
  }
}

/**
 * The entries of a zip file by name (zip64 included). Only the directory and the entries' own headers are read here.
 * @param uncheckedToo whether the CRC 0 of a stored entry may stand for none, as `torch.serialization.set_crc32_options(False)`
 *   has it
 * @returns them, and how many have no checksum
 * @throws Error where the file is no zip, is cut short, or its entries lie outside it, overlap, share a name or are not what the
 *   directory says
 */
export async function readZip(source: Source, uncheckedToo = false) {
  const found = await directory(source);
  checkDirectory(found, source);
  const isUnchecked = ({ crc32: crc, compressionMethod: method, uncompressedSize }: yauzl.Entry) =>
    uncheckedToo && crc === 0 && method === STORED && uncompressedSize > 0;
  const placed = found.map((entry) => ({ entry, place: placeOf(entry, source) }));
  checkDisjoint(placed.map(({ place }) => place));
  const entries = placed.map(
    ({ entry, place }) => [entry.fileName, zipEntry(entry, place, source, isUnchecked(entry))] as const,
  );
  return { entries: new Map(entries), unchecked: found.filter(isUnchecked).length };
}

async function directory(source: Source): Promise<readonly yauzl.Entry[]> {
  const options = { lazyEntries: true, autoClose: false };
  const reader = new SourceReader(source);
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, source.size, options).catch((error) => {
    if (!/end of central directory record signature/i.test(reason(error))) throw error;
    const what = 'the zip file is truncated or damaged: it has no end of central directory record';
    throw new Error(`${what}: download or save it again`, { cause: error });
  });
  if (zip.entryCount > MAX_ENTRIES)
    throw new RangeError(`${zip.entryCount} entries, at most ${MAX_ENTRIES} are read`);
  const entries: yauzl.Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

function checkDirectory(entries: readonly yauzl.Entry[], source: Source): void {
  const names = new Set<string>();
  let [packed, deflated, inflated] = [0, 0, 0];
  for (const entry of entries) {
    const { fileName: name, compressionMethod: method, compressedSize, uncompressedSize } = entry;
    if (names.has(name)) throw new Error(`entry '${name}' is stored twice`);
    names.add(name);
    if ((method !== STORED && method !== DEFLATED) || entry.isEncrypted()) {
      throw new Error(`entry '${name}' is encrypted or packed by a method other than deflate`);
    }
    if (method === STORED && uncompressedSize !== compressedSize) {
      throw new Error(`entry '${name}' has two sizes`);
    }
    packed += compressedSize;
    if (method === DEFLATED) [deflated, inflated] = [deflated + compressedSize, inflated + uncompressedSize];
  }
  if (packed > source.size) {
    throw new RangeError(`its entries take ${packed} bytes, the file has ${source.size}`);
  }
  const most = Math.max(MAX_INFLATED_BYTES, MAX_INFLATION * deflated);
  if (inflated > most) {
    throw new RangeError(
      `its entries unpack from ${deflated} to ${inflated} bytes, at most ${most} are read`,
    );
  }
}

/** What two entries share is one of them to one program and the other to the next. */
function checkDisjoint(places: readonly Extent[]): void {
  let end = 0;
  for (const place of places.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (place.begin < end) throw new RangeError(`its entries overlap at '${place.name}'`);
    end = place.end;
  }
}

function zipEntry(entry: yauzl.Entry, place: Extent, source: Source, isUnchecked: boolean): ZipEntry {
  const { compressionMethod, uncompressedSize: size, fileName: name } = entry;
  const checked = (unpacked: Uint8Array) => {
    if (unpacked.length !== size) {
      throw new Error(`entry '${name}' unpacks to ${unpacked.length} bytes, expected ${size}`);
    }
    if (!isUnchecked && crc32(unpacked) !== entry.crc32) {
      throw new Error(`entry '${name}' is corrupt: its CRC-32 does not match`);
    }
    return unpacked;
  };
  const read = () => {
    const bytes = source.read(place.data, place.end - place.data);
    return checked(compressionMethod === STORED ? bytes : inflate(bytes, size, name));
  };
  const readInto = (target: Uint8Array) => {
    if (compressionMethod !== STORED) return target.set(read());
    source.readInto(target, place.data);
    checked(target);
  };
  return { size, read, readInto };
}

function inflate(bytes: Uint8Array, size: number, name: string): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }));
  } catch (error) {
    throw new Error(`entry '${name}' does not unpack: ${reason(error)}`, { cause: error });
  }
}

/** Where an entry lies in a zip file: its own header, then its data. */
interface Extent {
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
function placeOf(entry: yauzl.Entry, source: Source): Extent {
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
