import { PICKLE_START, readPlainPickle } from './pickle/plain-pickle.js';
import { readSafetensors } from './safetensors.js';
import type { FileSource } from './source.js';
import { type StateDict, stateDictOf } from './state-dict.js';
import { LEGACY_START, readTorchLegacy } from './torch/torch-legacy.js';
import { type PickledFile, readTorchZip } from './torch/torch-zip.js';

/** What a checkpoint holds. */
export interface Contents {
  /**
   * Its weights.
   * @param key dotted keys of dicts that lead to them, or what their keys begin with; by default they are found
   */
  stateDict(key?: string): StateDict;
  /** What is to be said of how it was read. */
  readonly notes: readonly string[];
  /** What else it says, text by name: whoever saved it put that beside the weights. */
  readonly extras: ReadonlyMap<string, string>;
}

/** A format of checkpoints. */
export interface CheckpointReader {
  readonly id: string;
  /** @param start the first bytes of a file, in hexadecimal: its name says nothing */
  matches(start: string): boolean;
  /** @throws Error that says what is wrong with the file */
  read(source: FileSource): Contents | Promise<Contents>;
}

export const ZIP_START = /^504b0304/;
/** Eight bytes of length, which are no text, then a brace. */
export const SAFETENSORS_START = /^(?!([2-7].|09|0a|0d){8}).{16}7b/;

const pickled = ({ object, notes }: PickledFile): Contents => ({
  stateDict: (key) => stateDictOf(object, key),
  notes,
  extras: new Map(),
});

/** The formats, in the order in which they are tried. */
export const READERS = [
  {
    id: 'torch zip',
    matches: (start) => ZIP_START.test(start),
    read: async (source) => pickled(await readTorchZip(source)),
  },
  {
    id: 'torch legacy',
    matches: (start) => LEGACY_START.test(start),
    read: (source) => pickled({ object: readTorchLegacy(source), notes: [] }),
  },
  {
    id: 'pickle',
    matches: (start) => PICKLE_START.test(start),
    read: (source) => pickled(readPlainPickle(source)),
  },
  {
    id: 'safetensors',
    matches: (start) => SAFETENSORS_START.test(start),
    read(source) {
      const { tensors, metadata } = readSafetensors(source);
      const found = { tensors, under: '', others: [], beside: [], models: [] };
      return {
        stateDict: (key) => (key === undefined ? found : { ...found, prefix: key }),
        notes: [],
        extras: metadata,
      };
    },
  },
] as const satisfies readonly CheckpointReader[];

export type CheckpointFormat = (typeof READERS)[number]['id'];
