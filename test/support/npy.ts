import { readFileSync } from 'node:fs';

/** The numbers of a .npy file of float32. */
export function float32Npy(file: string): Float32Array {
  const bytes = readFileSync(file);
  const start = bytes.byteOffset + 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(start, bytes.byteOffset + bytes.length));
}
