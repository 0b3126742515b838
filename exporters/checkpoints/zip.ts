import { crc32, inflateRawSync } from 'node:zlib';
import * as yauzl from 'yauzl';
import { reason } from '../../graph/errors.js';
import type { FileSource } from './source.js';

/** torch.save writes one entry a storage and a handful beside; more is no checkpoint. */
const MAX_ENTRIES = 200_000;
/** Weights hardly compress: a deflated entry that grows beyond this is a bomb. */
const MAX_INFLATED_BYTES = 2 ** 28;

export interface ZipEntry {
  /** Bytes when unpacked. */
  readonly size: number;
  /** The whole entry, unpacked, its CRC-32 checked. */
  read(): Uint8Array;
}

const STORED = 0;
const DEFLATED = 8;

/**
 * The entries of a zip file by name (zip64 included). Only the directory is read here.
 * @throws Error where the file is no zip, is cut short or holds an entry outside its bounds
 */
export async function readZip(path: string, source: FileSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true });
  try {
    if (zip.entryCount > MAX_ENTRIES) throw new RangeError(`${zip.entryCount} entries are too many`);
    const entries = new Map<string, ZipEntry>();
    for await (const entry of zip.eachEntry()) {
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      entries.set(entry.fileName, zipEntry(entry, fileDataStart, source));
    }
    return entries;
  } finally {
    zip.close();
  }
}

function zipEntry(entry: yauzl.Entry, start: number, source: FileSource): ZipEntry {
  const { compressionMethod: method, uncompressedSize: size, compressedSize, fileName: name } = entry;
  if ((method !== STORED && method !== DEFLATED) || entry.isEncrypted()) {
    throw new Error(`entry '${name}' is encrypted or packed by a method other than deflate`);
  }
  if (method === STORED && size !== compressedSize) throw new Error(`entry '${name}' has two sizes`);
  return {
    size,
    read() {
      if (method === DEFLATED && size > MAX_INFLATED_BYTES) {
        throw new RangeError(`entry '${name}' unpacks to ${size} bytes, more than ${MAX_INFLATED_BYTES}`);
      }
      const bytes = source.read(start, compressedSize);
      const unpacked = method === STORED ? bytes : inflate(bytes, size, name);
      if (unpacked.length !== size || crc32(unpacked) !== entry.crc32) {
        throw new Error(`entry '${name}' is corrupt: its CRC-32 does not match`);
      }
      return unpacked;
    },
  };
}

function inflate(bytes: Uint8Array, size: number, name: string): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) }));
  } catch (error) {
    throw new Error(`entry '${name}' does not unpack: ${reason(error)}`, { cause: error });
  }
}
