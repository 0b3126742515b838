import { PICKLE_START, readPlainPickle } from './pickle/plain-pickle.js';
import { type CheckpointReader, pickledContents, plainContents } from './reader.js';
import { readSafetensors } from './safetensors.js';
import { LEGACY_START, readTorchLegacy } from './torch/torch-legacy.js';
import { readTorchZip } from './torch/torch-zip.js';

export const ZIP_START = /^504b0304/;
/** Eight bytes of length, which are no text, then a brace. */
export const SAFETENSORS_START = /^(?!([2-7].|09|0a|0d){8}).{16}7b/;

/** The formats, in the order in which they are tried. */
export const READERS = [
  {
    id: 'torch zip',
    matches: (start) => ZIP_START.test(start),
    read: async (source) => pickledContents(await readTorchZip(source)),
  },
  {
    id: 'torch legacy',
    matches: (start) => LEGACY_START.test(start),
    read: (source) => pickledContents({ object: readTorchLegacy(source), notes: [] }),
  },
  {
    id: 'pickle',
    matches: (start) => PICKLE_START.test(start),
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
