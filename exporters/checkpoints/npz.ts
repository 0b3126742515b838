import { reason } from '../../graph/common/errors.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { numpyTensor, numpyType } from './numpy.js';
import { latin1, type Source } from './source.js';
import { MAX_RANK } from './strided.js';
import { readZip } from './zip.js';

/**
 * The arrays of NumPy's .npz: a zip of .npy files (numpy.lib.format, versions 1 to 3), of either byte order, in C or Fortran
 * order. Arrays that are no tensors (labels, objects, records) are left out.
 */
export async function readNpz(source: Source): Promise<ReadonlyMap<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  const { entries: all } = await readZip(source);
  const entries = [...all].filter(([name]) => name.endsWith('.npy'));
  if (entries.length === 0) {
    const isTorch = [...all.keys()].some((name) => /(?:^|\/)data\.pkl$/.test(name));
    const what = isTorch ? 'a PyTorch file' : 'a zip file without arrays (.npy) in it';
    throw new Error(`${what}: save inputs and outputs with numpy.savez or safetensors.torch.save_file`);
  }
  for (const [name, entry] of entries) {
    const tensor = readNpy(name, entry.read());
    if (tensor !== undefined) tensors.set(name.slice(0, -'.npy'.length), tensor);
  }
  return tensors;
}

/** Longer headers describe records, which are no tensors. */
const MAX_HEADER_BYTES = 4096;
const MAX_VERSION = 3;

/** The header as numpy.lib.format writes it: a Python dict with sorted keys, padded with blanks. */
const HEADER =
  /^\{'descr': ('[^']{1,64}'|\[.*\]), 'fortran_order': (True|False), 'shape': \(((?:\d{1,15}(?:, ?|,?(?=\))))*)\), ?\}\s*$/;

function readNpy(name: string, bytes: Uint8Array): Tensor | undefined {
  if (bytes.length < 12 || bytes[0] !== 0x93 || latin1(bytes.subarray(1, 6)) !== 'NUMPY') {
    throw new Error(`'${name}' is not a .npy file`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(6);
  if (version < 1 || version > MAX_VERSION) {
    throw new Error(`'${name}' has version ${version} of .npy, expected 1 to ${MAX_VERSION}`);
  }
  const start = version >= 2 ? 12 : 10;
  const length = version >= 2 ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw new RangeError(`'${name}' ends within its header`);
  const fields = HEADER.exec(latin1(bytes.subarray(start, start + Math.min(length, MAX_HEADER_BYTES))));
  if (fields === null) {
    if (length > MAX_HEADER_BYTES) return undefined;
    throw new Error(`'${name}' has a header that is not understood`);
  }
  const [, description = '', fortran, sizes = ''] = fields;
  const type = numpyType(description.slice(1, -1));
  if (type === undefined || type.dtype === 'bool') return undefined;
  const dims = sizes.match(/\d+/g)?.map(Number) ?? [];
  if (dims.length > MAX_RANK)
    throw new RangeError(`'${name}' has ${dims.length} axes, at most ${MAX_RANK} are read`);
  try {
    const data = bytes.subarray(start + length);
    return numpyTensor(type, dims, fortran === 'True', { size: data.length, bytes: () => data });
  } catch (error) {
    throw new RangeError(`'${name}': ${reason(error)}`, { cause: error });
  }
}
