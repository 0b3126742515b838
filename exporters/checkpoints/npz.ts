import type { DType } from '../../graph/dtype.js';
import { byteLength, type Tensor } from '../../graph/tensor.js';
import type { Source } from './source.js';
import { readZip } from './zip.js';

const DESCRIPTIONS: ReadonlyMap<string, DType> = new Map([
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<f2', 'float16'],
  ['<i8', 'int64'],
  ['<i4', 'int32'],
  ['|u1', 'uint8'],
]);

/**
 * The arrays of NumPy's .npz: a zip of .npy files (numpy.lib.format, versions 1 to 3), little-endian and in C order. Arrays
 * of other element types (labels, objects) are left out.
 */
export async function readNpz(source: Source): Promise<ReadonlyMap<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  const entries = [...(await readZip(source))].filter(([name]) => name.endsWith('.npy'));
  if (entries.length === 0) throw new Error('a zip file without arrays (.npy) in it');
  for (const [name, entry] of entries) {
    const tensor = readNpy(name, entry.read());
    if (tensor !== undefined) tensors.set(name.slice(0, -'.npy'.length), tensor);
  }
  return tensors;
}

/** Longer headers describe structured arrays, which are no tensors. */
const MAX_HEADER_BYTES = 4096;

/** The header as numpy.lib.format writes it: a Python dict with sorted keys, padded with blanks. */
const HEADER =
  /^\{'descr': '([^']{1,8})', 'fortran_order': (True|False), 'shape': \(((?:\d{1,15}(?:, ?|,?(?=\))))*)\), ?\}\s*$/;

function readNpy(name: string, bytes: Uint8Array): Tensor | undefined {
  if (bytes.length < 12 || Buffer.from(bytes.subarray(1, 6)).toString('latin1') !== 'NUMPY') {
    throw new Error(`'${name}' is no .npy`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = view.getUint8(6) >= 2 ? 12 : 10;
  const length = start === 12 ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = Buffer.from(bytes.subarray(start, start + Math.min(length, MAX_HEADER_BYTES))).toString(
    'latin1',
  );
  const fields = HEADER.exec(header);
  if (fields === null) throw new Error(`'${name}' has a header that is not understood`);
  const [, description = '', fortran, sizes = ''] = fields;
  const dtype = DESCRIPTIONS.get(description);
  if (dtype === undefined) return undefined;
  if (fortran === 'True') throw new Error(`'${name}' is in Fortran order: save numpy.ascontiguousarray(...)`);
  const dims = sizes.match(/\d+/g)?.map(Number) ?? [];
  const data = bytes.subarray(start + length);
  if (byteLength(dtype, dims) !== data.length) throw new Error(`'${name}' does not hold [${dims}]`);
  return { dtype, dims, bytes: () => data };
}
