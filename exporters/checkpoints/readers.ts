import { isPickle } from './pickle/pickle.js';
import { readPlainPickle } from './pickle/plain-pickle.js';
import { type CheckpointReader, pickledContents, plainContents } from './reader.js';
import { readSafetensors } from './safetensors.js';
import { isTorchLegacy, readTorchLegacy } from './torch/torch-legacy.js';
import { readTorchZip } from './torch/torch-zip.js';

export const ZIP_START = 'PK\x03\x04';
/** Eight bytes of length, which are no text, then a brace. */
export const SAFETENSORS_START = /^(?![ -\x7f\t\n\r]{8}).{8}\{/s;

/** The formats, in the order in which they are tried. */
export const READERS = [
  {
    id: 'torch zip',
    matches: (start) => start.startsWith(ZIP_START),
    read: async (source) => pickledContents(await readTorchZip(source)),
  },
  {
    id: 'torch legacy',
    matches: isTorchLegacy,
    read: (source) => pickledContents({ object: readTorchLegacy(source), notes: [] }),
  },
  {
    id: 'pickle',
    matches: isPickle,
    read: (source) => pickledContents(readPlainPickle(source)),
  },
  {
    id: 'safetensors',
    matches: (start) => SAFETENSORS_START.test(start),
    read(source) {
      const { tensors, metadata } = readSafetensors(source);
      return plainContents(tensors, metadata);
    },
  },
] as const satisfies readonly CheckpointReader[];

export type CheckpointFormat = (typeof READERS)[number]['id'];
