import { classNameTexts } from './class-names.js';
import { isPickle } from './pickle/pickle.js';
import type { PickleValue } from './pickle/pickle-values.js';
import { plainTexts } from './pickle/plain-texts.js';
import { type Contents, reader, tensorsAlone } from './reader.js';
import { readSafetensors } from './safetensors.js';
import { stateDictOf } from './state-dict.js';
import { isTorchLegacy, readPlainPickle, readTorchLegacy } from './torch/torch-legacy.js';
import { readTorchZip } from './torch/torch-zip.js';

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
  reader({
    id: 'torch zip',
    matches: (start) => start.startsWith(ZIP_START),
    async read(source) {
      const { object, notes } = await readTorchZip(source);
      return pickledContents(object, notes);
    },
  }),
  reader({
    id: 'torch legacy',
    matches: isTorchLegacy,
    read: (source) => pickledContents(readTorchLegacy(source)),
  }),
  reader({
    id: 'pickle',
    matches: isPickle,
    read: (source) => pickledContents(readPlainPickle(source)),
  }),
  reader({
    id: 'safetensors',
    matches: (start) => SAFETENSORS_START.test(start),
    read(source) {
      const { tensors, metadata } = readSafetensors(source);
      return tensorsAlone(tensors, metadata);
    },
  }),
] as const;

export type CheckpointFormat = (typeof READERS)[number]['id'];
