import { basename } from 'node:path';
import { type ErrorCode, NmodeError, printable, reason } from '../../graph/common/errors.js';
import { byteLength, type Tensor, tensorOf } from '../../graph/ir/tensor.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { withoutAverages } from './averages.js';
import { toFloat32 } from './float32.js';
import { placeOf } from './folder.js';
import { readNpz } from './npz.js';
import { type CheckpointFormat, READERS, SAFETENSORS_START, ZIP_START } from './readers.js';
import { readSafetensors } from './safetensors.js';
import { type KeySelection, type SelectedKeys, selectKeys } from './select-keys.js';
import { fileStart, foreignFile, foreignReference, shardText } from './signatures.js';
import { FileSource } from './source.js';
import { isUsual, type StateDict } from './state-dict.js';
import { UnreadableTensor } from './unreadable.js';

export type { CheckpointFormat } from './readers.js';

/** A checkpoint held open: names and shapes are known, elements are read when asked for. */
export interface Checkpoint {
  /** The file's base name, or its path in the folder that was given. */
  readonly file: string;
  readonly format: CheckpointFormat;
  /** By state-dict key, without wrappers and the prefixes `module.` and `_orig_mod.`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What was removed from the beginning of all keys; '' for nothing. */
  readonly prefix?: string;
  /** Keys that were left aside, as the file has them: what was to be ignored, counters, what stands beside the weights. */
  readonly ignored?: readonly string[];
  /** Where in the file they were found, and what else it holds, in a sentence; '' where there is nothing to say. */
  readonly note: string;
  /** Which weights were taken, where the file holds those of one network twice. */
  readonly assumed?: readonly Assumption[];
  /** What else is said, text by name: in the file, as the metadata of safetensors, or in files beside it. */
  readonly extras?: ReadonlyMap<string, string>;
  /** Paths of all files that it was read from. */
  readonly sources?: readonly string[];
  /** Of the whole file. @throws NmodeError (BAD_CHECKPOINT) where it cannot be read */
  sha256(): string;
  /** Closes the file; tensors cannot be read any more. */
  close(): void;
}

/** What reads a file, by its first bytes, whatever its name. */
function readerOf(source: FileSource, name: string): (typeof READERS)[number] {
  const shard = shardText(name);
  if (shard !== undefined) throw new Error(shard);
  const start = fileStart(source, name);
  const reader = READERS.find(({ matches }) => matches(start.text));
  if (reader === undefined) throw new Error(foreignFile(start));
  return reader;
}

/** Tensors may share and repeat storage, but not without end: this much beyond a few times the file. */
const MAX_EXTRA_BYTES = 2 ** 26;
const MAX_EXPANSION = 4;

function checkExpansion(tensors: ReadonlyMap<string, Tensor>, source: FileSource): void {
  let total = 0;
  for (const tensor of tensors.values()) {
    if (!(tensor instanceof UnreadableTensor)) total += byteLength(tensor.dtype, tensor.dims);
  }
  if (total > MAX_EXPANSION * source.size + MAX_EXTRA_BYTES) {
    throw new RangeError(`its tensors claim ${total} bytes, the file has ${source.size}`);
  }
}

/** Runs a reader on a file; closes it and names it in the error where that fails. */
async function reading<T>(
  path: string,
  code: ErrorCode,
  body: (source: FileSource) => T | Promise<T>,
  name = basename(path),
): Promise<T> {
  const source = new FileSource(path, code);
  try {
    return await body(source);
  } catch (error) {
    source.close();
    throw new NmodeError(code, `${name}: ${reason(error)}`, { cause: error });
  }
}

/**
 * Opens a checkpoint: torch.save's zip or legacy stream, a pickle of arrays, or safetensors, or a folder with one that a library
 * wrote. Nothing in the file is executed.
 * @param key dotted keys of dicts that lead to the state dict, or what its keys begin with; by default it is found under one of
 *   the usual keys
 * @throws NmodeError (BAD_CHECKPOINT) where the file is damaged, hostile or no checkpoint, or where it does not hold what is
 *   selected
 */
export async function openCheckpoint(
  path: string,
  key?: string,
  selection: KeySelection = {},
): Promise<Checkpoint> {
  const { file, weights, beside, sources, notes: ofPlace } = await placeOf(path);
  const open = async (source: FileSource) => {
    const reader = readerOf(source, basename(weights));
    const { notes, extras: own, ...contents } = await reader.read(source);
    const extras = new Map([...own, ...beside]);
    const stateDict = contents.stateDict(key);
    const { tensors: selected, prefix, ignored } = select(stateDict, selection);
    checkExpansion(selected, source);
    const { tensors, assumed } = withoutAverages(selected);
    return {
      ...{ file, format: reader.id, tensors, prefix, extras, sources },
      assumed: [...copiesTaken(stateDict), ...assumed],
      ignored: [...ignored, ...stateDict.beside],
      note: printable([...ofPlace, ...notes, ...placeNotes(stateDict, key)].join('; ')),
      sha256() {
        try {
          return source.sha256();
        } catch (error) {
          throw new NmodeError('BAD_CHECKPOINT', `${file}: ${reason(error)}`, { cause: error });
        }
      },
      close: () => source.close(),
    };
  };
  return reading(weights, 'BAD_CHECKPOINT', open, file);
}

/** The end of a key that is what keys begin with is a prefix like one that is told. */
function select({ tensors, prefix }: StateDict, selection: KeySelection): SelectedKeys {
  if (prefix === undefined) return selectKeys(tensors, selection);
  const start = prefix.replace(/\.$/, '');
  const ended = `${start}${selection.prefix === undefined ? '' : `.${selection.prefix}`}`;
  return selectKeys(tensors, { ...selection, prefix: ended });
}

function copiesTaken({ under, copies }: StateDict): readonly Assumption[] {
  if (copies.length === 0) return [];
  const others = copies.map((copy) => `'${printable(copy)}'`).join(' or ');
  return [{ what: 'weights', value: `of '${printable(under)}', not of ${others}`, option: 'key' }];
}

function placeNotes({ under, others, models }: StateDict, key = ''): readonly string[] {
  const beside = others.length > 0 ? `; there are others under ${others.join(', ')}` : '';
  const isExpected = under === '' || key.startsWith(under) || isUsual(under);
  return [
    ...(others.length > 0 || !isExpected ? [`weights are those under '${under}'${beside}`] : []),
    ...(models.length > 0 && !models.some((path) => path.startsWith('__torch__'))
      ? [`weights are those of a whole pickled model (${models.join(', ')}), whose code is not read`]
      : []),
  ];
}

/**
 * Reads reference tensors, .safetensors or .npz, into memory; floating-point ones as float32.
 * @throws NmodeError (BAD_REFERENCE)
 */
export async function readReference(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return reading(path, 'BAD_REFERENCE', async (source) => {
    const start = fileStart(source, basename(path));
    const zip = start.text.startsWith(ZIP_START);
    if (!zip && !SAFETENSORS_START.test(start.text)) throw new Error(foreignReference(start));
    const tensors = zip ? await readNpz(source) : readSafetensors(source).tensors;
    const loaded = Array.from(tensors, ([name, stored]): [string, Tensor] => {
      const { dtype, dims, bytes } = toFloat32(stored)?.tensor ?? stored;
      return [name, tensorOf(dtype, dims, bytes())];
    });
    source.close();
    return new Map(loaded);
  });
}
