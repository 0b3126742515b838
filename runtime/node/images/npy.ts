import { elementCount } from '../../../graph/ir/tensor.js';

/** The header of NumPy's format 1.0 ends where a multiple of this many bytes does. */
const ALIGNMENT = 64;

/**
 * Encodes float32 numbers, row-major, as an .npy file (NumPy Enhancement Proposal 1, format 1.0).
 * @throws RangeError where there are not as many as `dims` say
 */
export function encodeNpy(dims: readonly number[], data: Float32Array): Uint8Array {
  if (data.length !== elementCount(dims)) throw new RangeError(`${data.length} numbers for [${dims}]`);
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`;
  const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  const unpadded = magic.length + 2 + text.length + 1;
  const padding = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT - unpadded;
  const header = Buffer.from(`${text}${' '.repeat(padding)}\n`, 'latin1');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const numbers = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([magic, length, header, numbers]);
}
