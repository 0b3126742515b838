import { crc32, inflateRawSync } from 'node:zlib';
import * as yauzl from 'yauzl';
import { reason } from '../../graph/common/errors.js';
import type { Source } from './source.js';
import { type Extent, placeOf } from './zip-entry.js';

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
