import { crc32, inflateRawSync } from 'node:zlib';
import * as yauzl from 'yauzl';
import { reason } from '../../graph/errors.js';
import type { Source } from './source.js';

/** torch.save writes one entry a storage and a handful beside; more is no checkpoint. */
const MAX_ENTRIES = 50_000;
/** Weights hardly compress: deflated entries that grow beyond this, and by more than this factor, are a bomb. */
const MAX_INFLATED_BYTES = 2 ** 26;
const MAX_INFLATION = 20;

export interface ZipEntry {
  /** Bytes when unpacked. */
  readonly size: number;
  /** The whole entry, unpacked, its CRC-32 checked. */
  read(): Uint8Array;
}

const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;

/** Lets yauzl read the directory through a source; what goes wrong there reaches its callbacks. */
class SourceReader extends yauzl.RandomAccessReader {
  readonly #source: Source;

  constructor(source: Source) {
    super();
    this.#source = source;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    try {
      buffer.set(this.#source.read(position, length), offset);
    } catch (error) {
      setImmediate(callback, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    setImmediate(callback, null, length);
  }
}

/**
 * The entries of a zip file by name (zip64 included). Only the directory is read here.
 * @throws Error where the file is no zip, is cut short, or its entries lie outside it, overlap or share a name
 */
export async function readZip(source: Source): Promise<ReadonlyMap<string, ZipEntry>> {
  const options = { lazyEntries: true, autoClose: false };
  const zip = await yauzl.fromRandomAccessReaderPromise(new SourceReader(source), source.size, options);
  if (zip.entryCount > MAX_ENTRIES) throw new RangeError(`${zip.entryCount} entries are too many`);
  const entries = new Map<string, ZipEntry>();
  let [packed, deflated, inflated] = [0, 0, 0];
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, compressionMethod: method, compressedSize, uncompressedSize } = entry;
    if (entries.has(name)) throw new Error(`entry '${name}' is stored twice`);
    if ((method !== STORED && method !== DEFLATED) || entry.isEncrypted()) {
      throw new Error(`entry '${name}' is encrypted or packed by a method other than deflate`);
    }
    if (method === STORED && uncompressedSize !== compressedSize) {
      throw new Error(`entry '${name}' has two sizes`);
    }
    packed += compressedSize;
    if (method === DEFLATED) [deflated, inflated] = [deflated + compressedSize, inflated + uncompressedSize];
    entries.set(name, zipEntry(entry, source));
  }
  if (packed > source.size) throw new RangeError(`its entries take ${packed} bytes: they overlap`);
  if (inflated > Math.max(MAX_INFLATED_BYTES, MAX_INFLATION * deflated)) {
    throw new RangeError(`its entries unpack from ${deflated} to ${inflated} bytes, which weights never do`);
  }
  return entries;
}

function zipEntry(entry: yauzl.Entry, source: Source): ZipEntry {
  const { compressionMethod, uncompressedSize: size, compressedSize, fileName: name } = entry;
  return {
    size,
    read() {
      const bytes = source.read(dataStart(entry, source), compressedSize);
      const unpacked = compressionMethod === STORED ? bytes : inflate(bytes, size, name);
      if (unpacked.length !== size || crc32(unpacked) !== entry.crc32) {
        throw new Error(`entry '${name}' is corrupt: its CRC-32 does not match`);
      }
      return unpacked;
    },
  };
}

/** Data begins behind the local header, whose name and extra field may differ in length from the directory's. */
function dataStart({ relativeOffsetOfLocalHeader: offset, fileName }: yauzl.Entry, source: Source): number {
  const { buffer } = source.read(offset, LOCAL_HEADER_BYTES);
  const header = new DataView(buffer);
  if (header.getUint32(0, true) !== LOCAL_HEADER_SIGNATURE) {
    throw new Error(`entry '${fileName}' has no local header`);
  }
  return offset + LOCAL_HEADER_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
}

function inflate(bytes: Uint8Array, size: number, name: string): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }));
  } catch (error) {
    throw new Error(`entry '${name}' does not unpack: ${reason(error)}`, { cause: error });
  }
}
