import type { DType } from '../../graph/dtype.js';
import { byteLength, type Tensor } from '../../graph/tensor.js';
import type { FileSource } from './source.js';
import { readZip } from './zip.js';

const DESCRIPTIONS: ReadonlyMap<string, DType> = new Map([
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<f2', 'float16'],
  ['<i8', 'int64'],
  ['<i4', 'int32'],
  ['|u1', 'uint8'],
]);

/** The arrays of NumPy's .npz: a zip of .npy files (numpy.lib.format, versions 1 to 3), little-endian and in C order. */
export async function readNpz(path: string, source: FileSource): Promise<ReadonlyMap<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of await readZip(path, source)) {
    if (name.endsWith('.npy')) tensors.set(name.slice(0, -'.npy'.length), readNpy(name, entry.read()));
  }
  return tensors;
}

function readNpy(name: string, bytes: Uint8Array): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (Buffer.from(bytes.subarray(1, 6)).toString('latin1') !== 'NUMPY')
    throw new Error(`'${name}' is no .npy`);
  const long = view.getUint8(6) >= 2;
  const start = long ? 12 : 10;
  const data = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = Buffer.from(bytes.subarray(start, data)).toString('utf8');
  const description = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? '';
  const dtype = DESCRIPTIONS.get(description);
  if (dtype === undefined || !/'fortran_order':\s*False/.test(header)) {
    throw new Error(`'${name}' is '${description}' or in Fortran order, which is not supported`);
  }
  const dims = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '').match(/\d+/g)?.map(Number) ?? [];
  if (byteLength(dtype, dims) !== bytes.length - data) throw new Error(`'${name}' does not hold [${dims}]`);
  return { dtype, dims, bytes: () => bytes.subarray(data) };
}
