import { classNameTexts } from './class-names.js';
import { isPickle } from './pickle/pickle.js';
import type { PickleValue } from './pickle/pickle-values.js';
import { plainTexts } from './pickle/plain-texts.js';
import { readSafetensors } from './safetensors.js';
import type { FileSource } from './source.js';
import { type StateDict, stateDictOf, weightsAlone } from './state-dict.js';
import { isTorchLegacy, readPlainPickle, readTorchLegacy } from './torch/torch-legacy.js';
import { readTorchZip } from './torch/torch-zip.js';

/** What a checkpoint holds. */
interface Contents {
  /**
   * Its weights; elements are read when asked for.
   * @param key dotted keys of dicts that lead to them, or what their keys begin with; by default they are found
   */
  stateDict(key?: string): StateDict;
  /** What is to be said of how it was read. */
  readonly notes: readonly string[];
  /** What else it says, text by name: whoever saved it put that beside the weights. */
  readonly extras: ReadonlyMap<string, string>;
}

/** A format of checkpoints. */
interface CheckpointReader {
  readonly id: string;
  /** @param start the first bytes of a file, as latin-1 text: its name says nothing */
  matches(start: string): boolean;
  /** @throws Error that says what is wrong with the file */
  read(source: FileSource): Contents | Promise<Contents>;
}

/** Of a format that holds an object of Python's. */
const pickledContents = (object: PickleValue, notes: readonly string[] = []): Contents => ({
  stateDict: (key) => stateDictOf(object, key),
  notes,
  extras: new Map([...classNameTexts(object), ...plainTexts(object)]),
});

export const ZIP_START = 'PK\x03\x04';
/** Eight bytes of length, which are no text, then a brace. */
export const SAFETENSORS_START = /^(?![ -\x7f\t\n\r]{8}).{8}\{/s;

/** The formats, in the order in which they are tried. */
export const READERS = [
  {
    id: 'torch zip',
    matches: (start) => start.startsWith(ZIP_START),
    async read(source) {
      const { object, notes } = await readTorchZip(source);
      return pickledContents(object, notes);
    },
  },
  {
    id: 'torch legacy',
    matches: isTorchLegacy,
    read: (source) => pickledContents(readTorchLegacy(source)),
  },
  {
    id: 'pickle',
    matches: isPickle,
    read: (source) => pickledContents(readPlainPickle(source)),
  },
  {
    id: 'safetensors',
    matches: (start) => SAFETENSORS_START.test(start),
    read(source): Contents {
      const { tensors, metadata } = readSafetensors(source);
      const found = weightsAlone(tensors);
      return {
        stateDict: (key) => (key === undefined ? found : { ...found, prefix: key }),
        notes: [],
        extras: metadata,
      };
    },
  },
] as const satisfies readonly CheckpointReader[];

export type CheckpointFormat = (typeof READERS)[number]['id'];
