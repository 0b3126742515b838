import { unpickle } from '../pickle/pickle.js';
import { zipContents } from '../signatures.js';
import { Cursor, type FileSource, latin1, memorySource } from '../source.js';
import { keptStorage } from '../strided.js';
import { readZip, type ZipEntry } from '../zip.js';
import { TorchWorld } from './torch.js';

/** A pickle holds names and sizes, but of arrays of NumPy and tensors of XLA the numbers as well. */
export const MAX_PICKLE_BYTES = 2 ** 28;

/**
 * The object in a checkpoint of `torch.save` (PyTorch 1.6 and later) or a TorchScript archive: a zip with a pickle `data.pkl`
 * and one entry `data/KEY` a storage, under a folder of any name. `byteorder` says 'little' (as where it is absent) or 'big'.
 * @returns the object, and what is to be said of how it was read
 */
export async function readTorchZip(source: FileSource) {
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
    locate({ key }) {
      const entry = entries.get(`${root}data/${key}`);
      if (entry === undefined) throw new Error(`storage '${key}' is missing from the file`);
      return keptStorage(entry.size, entry.read, entry.readInto);
    },
    bigEndian: isBigEndian(entries.get(`${root}byteorder`)),
  });
  const bytes = pickle[1].read();
  const object = unpickle(new Cursor(memorySource(bytes), 0, bytes.length), world);
  const notes: string[] = [];
  if (entries.has(`${root}constants.pkl`))
    notes.push('a TorchScript archive: its weights are read, its code is not');
  if (unchecked > 0) {
    const share = `${unchecked} of its ${entries.size} zip entries`;
    notes.push(`${share} have no checksum (CRC-32): damage to them cannot be noticed`);
  }
  return { object, notes };
}

function isBigEndian(entry: ZipEntry | undefined): boolean {
  if (entry === undefined) return false;
  const text = entry.size <= 6 ? latin1(entry.read()) : '';
  if (text !== 'little' && text !== 'big') throw new Error("the entry 'byteorder' is neither little nor big");
  return text === 'big';
}
