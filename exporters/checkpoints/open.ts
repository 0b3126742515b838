import { basename } from 'node:path';
import { type ErrorCode, NmodeError, reason } from '../../graph/errors.js';
import { byteLength, type Tensor } from '../../graph/tensor.js';
import { toFloat32 } from './float32.js';
import { readNpz } from './npz.js';
import { readSafetensors } from './safetensors.js';
import { FileSource } from './source.js';
import { type StateDict, stateDictOf, stripPrefixes } from './state-dict.js';
import { LEGACY_START, readTorchLegacy } from './torch-legacy.js';
import { readTorchZip } from './torch-zip.js';

export type CheckpointFormat = 'torch zip' | 'torch legacy' | 'safetensors';

/** A checkpoint held open: names and shapes are known, elements are read when asked for. */
export interface Checkpoint {
  /** The file's base name. */
  readonly file: string;
  readonly format: CheckpointFormat;
  /** By state-dict key, without wrappers and the prefixes `module.` and `_orig_mod.`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Where in the file they were found, and what else it holds, in a sentence; '' where there is nothing to say. */
  readonly note: string;
  /** Of the whole file. */
  sha256(): string;
  /** Closes the file; tensors cannot be read any more. */
  close(): void;
}

const ZIP_START = /^504b0304/;
/** Eight bytes of length, then a brace. */
const SAFETENSORS_START = /^.{16}7b/;
const LONGEST_START = 32;

/** The first bytes of a file in hexadecimal. */
function startOf(source: FileSource): string {
  return Buffer.from(source.read(0, Math.min(LONGEST_START, source.size))).toString('hex');
}

/** The format of a file by its first bytes, whatever its name. */
function formatOf(source: FileSource): CheckpointFormat {
  const start = startOf(source);
  if (ZIP_START.test(start)) return 'torch zip';
  if (LEGACY_START.test(start)) return 'torch legacy';
  if (SAFETENSORS_START.test(start)) return 'safetensors';
  throw new Error('neither a PyTorch checkpoint (.pth, .pt) nor a .safetensors file');
}

/** Tensors may share and repeat storage, but not without end: this much beyond a few times the file. */
const MAX_EXTRA_BYTES = 2 ** 26;
const MAX_EXPANSION = 4;

function checkExpansion(tensors: ReadonlyMap<string, Tensor>, source: FileSource): void {
  let total = 0;
  for (const { dtype, dims } of tensors.values()) total += byteLength(dtype, dims);
  if (total > MAX_EXPANSION * source.size + MAX_EXTRA_BYTES) {
    throw new RangeError(`its tensors claim ${total} bytes, the file has ${source.size}`);
  }
}

/** Runs a reader on a file; closes it and names it in the error where that fails. */
async function reading<T>(
  path: string,
  code: ErrorCode,
  body: (source: FileSource) => T | Promise<T>,
): Promise<T> {
  const source = new FileSource(path, code);
  try {
    return await body(source);
  } catch (error) {
    source.close();
    throw new NmodeError(code, `${basename(path)}: ${reason(error)}`, { cause: error });
  }
}

/**
 * Opens a checkpoint: torch.save's zip or legacy stream, or safetensors. Nothing in the file is executed.
 * @param key where in a torch file the state dict is, dotted; by default under one of the usual keys
 * @throws NmodeError (BAD_CHECKPOINT) where the file is damaged, hostile or no checkpoint
 */
export async function openCheckpoint(path: string, key?: string): Promise<Checkpoint> {
  return reading(path, 'BAD_CHECKPOINT', async (source) => {
    const format = formatOf(source);
    const { tensors, under, others } = await readStateDict(format, source, key);
    checkExpansion(tensors, source);
    return {
      file: basename(path),
      format,
      tensors,
      note:
        others.length > 0
          ? `weights are those under '${under}'; there are others under ${others.join(', ')}`
          : '',
      sha256: () => source.sha256(),
      close: () => source.close(),
    };
  });
}

async function readStateDict(
  format: CheckpointFormat,
  source: FileSource,
  key: string | undefined,
): Promise<StateDict> {
  if (format === 'torch zip') return stateDictOf(await readTorchZip(source), key);
  if (format === 'torch legacy') return stateDictOf(readTorchLegacy(source), key);
  if (key !== undefined) throw new Error('a safetensors file holds one state dict: --key has no meaning');
  return { tensors: stripPrefixes(readSafetensors(source)), under: '', others: [] };
}

/**
 * Reads reference tensors, .safetensors or .npz, into memory; floating-point ones as float32.
 * @throws NmodeError (BAD_REFERENCE)
 */
export async function readReference(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return reading(path, 'BAD_REFERENCE', async (source) => {
    const start = startOf(source);
    const zip = ZIP_START.test(start);
    if (!zip && !SAFETENSORS_START.test(start)) throw new Error('neither a .safetensors nor an .npz file');
    const tensors = zip ? await readNpz(source) : readSafetensors(source);
    const loaded = Array.from(tensors, ([name, stored]): [string, Tensor] => {
      const { dtype, dims, bytes } = toFloat32(stored)?.tensor ?? stored;
      const data = bytes();
      return [name, { dtype, dims, bytes: () => data }];
    });
    source.close();
    return new Map(loaded);
  });
}
