import { badUsage } from '../../../graph/common/errors.js';
import { bytesField, readFields } from './wire.js';

/** Files of one image: more than any has channels. */
const MAX_FILES = 64;

function checkCount(files: readonly Uint8Array[]): void {
  if (files.length > MAX_FILES) throw badUsage(`input 'image' has more than ${MAX_FILES} files`);
}

/** Elements of BYTES in raw form: each behind its length in four bytes, the lowest first. @throws NmodeError (BAD_USAGE) */
export function rawFiles(raw: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const files: Uint8Array[] = [];
  for (let at = 0; at < raw.length; ) {
    const start = at + 4;
    const end = start <= raw.length ? start + view.getUint32(at, true) : start;
    if (end > raw.length) throw badUsage("input 'image' ends in the middle of an element");
    files.push(raw.subarray(start, end));
    checkCount(files);
    at = end;
  }
  return files;
}

/** Elements of BYTES one by one. @throws NmodeError (BAD_USAGE) */
export function typedFiles(contents: Uint8Array = new Uint8Array()): readonly Uint8Array[] {
  const files: Uint8Array[] = [];
  const field = bytesField((file) => {
    files.push(file);
    checkCount(files);
  });
  readFields(contents, "input 'image': its contents cannot be read", { 8: field });
  return files;
}
