import type { Tensor } from '../../graph/ir/tensor.js';
import { classNameTexts } from './class-names.js';
import { plainTexts } from './pickle/plain-texts.js';
import type { FileSource } from './source.js';
import { type StateDict, stateDictOf } from './state-dict.js';
import type { PickledFile } from './torch/torch-zip.js';

/** What a checkpoint holds. */
export interface Contents {
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
export interface CheckpointReader {
  readonly id: string;
  /** @param start the first bytes of a file, as latin-1 text: its name says nothing */
  matches(start: string): boolean;
  /** @throws Error that says what is wrong with the file */
  read(source: FileSource): Contents | Promise<Contents>;
}

/** Of a format that holds named tensors, and nothing around them. */
export function plainContents(
  tensors: ReadonlyMap<string, Tensor>,
  extras: ReadonlyMap<string, string> = new Map(),
): Contents {
  const found = { tensors, under: '', others: [], copies: [], beside: [], models: [] };
  return {
    stateDict: (key) => (key === undefined ? found : { ...found, prefix: key }),
    notes: [],
    extras,
  };
}

/** Of a format that holds an object of Python's. */
export function pickledContents({ object, notes }: PickledFile): Contents {
  return {
    stateDict: (key) => stateDictOf(object, key),
    notes,
    extras: new Map([...classNameTexts(object), ...plainTexts(object)]),
  };
}
