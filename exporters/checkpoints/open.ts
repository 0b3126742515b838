import { basename } from 'node:path';
import { type ErrorCode, NmodeError, reason } from '../../graph/errors.js';
import type { Tensor } from '../../graph/tensor.js';
import { readNpz } from './npz.js';
import { readSafetensors } from './safetensors.js';
import { FileSource } from './source.js';
import { stateDictOf, stripPrefixes } from './state-dict.js';
import { LEGACY_MAGIC, readTorchLegacy } from './torch-legacy.js';
import { readTorchZip } from './torch-zip.js';

export type CheckpointFormat = 'torch zip' | 'torch legacy' | 'safetensors';

/** A checkpoint held open: names and shapes are known, elements are read when asked for. */
export interface Checkpoint {
  /** The file's base name. */
  readonly file: string;
  readonly format: CheckpointFormat;
  /** By state-dict key, without wrappers and the prefixes `module.` and `_orig_mod.`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Of the whole file. */
  sha256(): string;
  /** Closes the file; tensors cannot be read any more. */
  close(): void;
}

const ZIP_MAGIC = Uint8Array.of(0x50, 0x4b, 0x03, 0x04);

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** The format of a file by its first bytes, whatever its name. A safetensors header is JSON behind its length. */
function formatOf(source: FileSource): CheckpointFormat {
  const head = source.read(0, Math.min(16, source.size));
  if (startsWith(head, ZIP_MAGIC)) return 'torch zip';
  if (startsWith(head, LEGACY_MAGIC)) return 'torch legacy';
  if (head[8] === '{'.charCodeAt(0)) return 'safetensors';
  throw new Error('neither a PyTorch checkpoint (.pth, .pt) nor a .safetensors file');
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
 * @throws NmodeError (BAD_CHECKPOINT) where the file is damaged, hostile or no checkpoint
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  return reading(path, 'BAD_CHECKPOINT', async (source) => {
    const format = formatOf(source);
    return {
      file: basename(path),
      format,
      tensors: guard(path, await readTensors(format, path, source)),
      sha256: () => source.sha256(),
      close: () => source.close(),
    };
  });
}

async function readTensors(
  format: CheckpointFormat,
  path: string,
  source: FileSource,
): Promise<ReadonlyMap<string, Tensor>> {
  if (format === 'torch zip') return stateDictOf(await readTorchZip(path, source));
  if (format === 'torch legacy') return stateDictOf(readTorchLegacy(source));
  return stripPrefixes(readSafetensors(source));
}

/** Names the file where a tensor turns out to be unreadable later on. */
function guard(path: string, tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const guarded = ([key, tensor]: [string, Tensor]): [string, Tensor] => [
    key,
    {
      ...tensor,
      bytes() {
        try {
          return tensor.bytes();
        } catch (error) {
          throw new NmodeError('BAD_CHECKPOINT', `${basename(path)}: tensor '${key}': ${reason(error)}`, {
            cause: error,
          });
        }
      },
    },
  ];
  return new Map(Array.from(tensors, guarded));
}

/**
 * Reads reference tensors, .safetensors or .npz, into memory.
 * @throws NmodeError (BAD_REFERENCE)
 */
export async function readReference(path: string): Promise<ReadonlyMap<string, Tensor>> {
  return reading(path, 'BAD_REFERENCE', async (source) => {
    const zip = startsWith(source.read(0, Math.min(4, source.size)), ZIP_MAGIC);
    const tensors = zip ? await readNpz(path, source) : readSafetensors(source);
    const loaded = Array.from(tensors, ([name, { dtype, dims, bytes }]): [string, Tensor] => {
      const data = bytes();
      return [name, { dtype, dims, bytes: () => data }];
    });
    source.close();
    return new Map(loaded);
  });
}
