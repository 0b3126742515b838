import { unpickle } from '../pickle/pickle.js';
import type { PickleValue } from '../pickle/pickle-values.js';
import { zipContents } from '../signatures.js';
import { Cursor, type FileSource, memorySource } from '../source.js';
import type { Storage } from '../strided.js';
import { readZip, type ZipEntry } from '../zip.js';
import { TorchWorld } from './torch.js';

/** A pickle holds names and sizes, but of arrays of NumPy and tensors of XLA the numbers as well. */
export const MAX_PICKLE_BYTES = 2 ** 28;

/** The object that a file holds, and what is to be said of how it was read. */
export interface PickledFile {
  readonly object: PickleValue;
  readonly notes: readonly string[];
}

/**
 * The object in a checkpoint of `torch.save` (PyTorch 1.6 and later) or a TorchScript archive: a zip with a pickle `data.pkl`
 * and one entry `data/KEY` a storage, under a folder of any name. `byteorder` says 'little' (as where it is absent) or 'big'.
 */
export async function readTorchZip(source: FileSource): Promise<PickledFile> {
  const { entries, unchecked } = await readZip(source, true);
  const names = [...entries.keys()];
  const [pickle, ...others] = [...entries].filter(([name]) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) throw new Error(zipContents(names));
  if (others.length > 0) throw new Error('it holds more than one data.pkl');
  const [pickleName, { size }] = pickle;
  if (size > MAX_PICKLE_BYTES)
    throw new RangeError(`data.pkl is ${size} bytes, at most ${MAX_PICKLE_BYTES} are read`);
  const root = pickleName.slice(0, -'data.pkl'.length);
  const world = new TorchWorld({
    locate: ({ key }) => entryStorage(key, entries.get(`${root}data/${key}`)),
    bigEndian: isBigEndian(entries.get(`${root}byteorder`)),
  });
  const bytes = pickle[1].read();
  return {
    object: unpickle(new Cursor(memorySource(bytes), 0, bytes.length), world),
    notes: [
      ...(entries.has(`${root}constants.pkl`)
        ? ['a TorchScript archive: its weights are read, its code is not']
        : []),
      ...(unchecked > 0
        ? [
            `${unchecked} of its ${entries.size} zip entries have no checksum (CRC-32): damage to them cannot be noticed`,
          ]
        : []),
    ],
  };
}

function isBigEndian(entry: ZipEntry | undefined): boolean {
  if (entry === undefined) return false;
  const text = entry.size <= 6 ? Buffer.from(entry.read()).toString('latin1') : '';
  if (text !== 'little' && text !== 'big') throw new Error("the entry 'byteorder' is neither little nor big");
  return text === 'big';
}

function entryStorage(key: string, entry: ZipEntry | undefined): Storage {
  if (entry === undefined) throw new Error(`storage '${key}' is missing from the file`);
  let bytes: Uint8Array | undefined;
  return {
    key,
    size: entry.size,
    bytes() {
      bytes ??= entry.read();
      return bytes;
    },
    readInto(target) {
      if (bytes === undefined) entry.readInto(target);
      else target.set(bytes);
    },
  };
}
