import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { reason } from '../../../graph/common/errors.js';

/** Bytes of a file that a flag names: more than any recipe or list of names has. */
const MAX_BYTES = 2 ** 18;

/**
 * The text of a file that a flag names, which may be a pipe (`<(...)` of a shell).
 * @throws Error for what cannot be read, is too large, or no text
 */
export function textOf(path: string): string {
  const file = opened(path);
  try {
    if (fstatSync(file).isDirectory()) throw new Error('it is a folder');
    // A device or a pipe tells no size, and may never end.
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    let read = -1;
    while (read !== 0 && length < bytes.length) {
      read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
    }
    if (length > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    const text = bytes.subarray(0, length);
    if (!isUtf8(text)) throw new Error('it is not in UTF-8: save it as such');
    return text.toString('utf8');
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    // Whoever tells it names the path.
    throw new Error(reason(error).replace(/, open '.*'$/s, ''), { cause: error });
  }
}
