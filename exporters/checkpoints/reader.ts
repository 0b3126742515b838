import type { Tensor } from '../../graph/ir/tensor.js';
import type { FileSource } from './source.js';
import { type StateDict, weightsAlone } from './state-dict.js';

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
export interface CheckpointReader<Id extends string = string> {
  /** What reports call it. */
  readonly id: Id;
  /** @param start the first 512 bytes of a file, as latin-1 text: its name says nothing */
  matches(start: string): boolean;
  /** @throws Error that says what is wrong with the file */
  read(source: FileSource): Contents | Promise<Contents>;
}

export const reader = <const Id extends string>(format: CheckpointReader<Id>): CheckpointReader<Id> => format;

/** Of a format that holds tensors by their keys, and no dicts. */
export function tensorsAlone(
  tensors: ReadonlyMap<string, Tensor>,
  extras: ReadonlyMap<string, string> = new Map(),
): Contents {
  const found = weightsAlone(tensors);
  return {
    stateDict: (key) => (key === undefined ? found : { ...found, prefix: key }),
    notes: [],
    extras,
  };
}
