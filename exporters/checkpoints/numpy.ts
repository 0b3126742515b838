import { type DType, isDType } from '../../graph/ir/dtype.js';
import { byteLength, elementCount, type Tensor } from '../../graph/ir/tensor.js';
import { type Storage, stridedTensor } from './strided.js';

/** The element type of a NumPy array. */
export interface NumpyType {
  readonly dtype: DType;
  readonly bigEndian: boolean;
}

const KINDS: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint', c: 'complex' };

/**
 * NumPy's array-protocol type string, as '<f4' or '|b1'; undefined for what is no tensor (texts, objects, dates) and for floats
 * that no tensor has. Without a byte order it is little-endian.
 */
export function numpyType(text: string): NumpyType | undefined {
  const [, order, kind = '', size] = /^([<>|=]?)([a-z])(\d{1,2})$/.exec(text) ?? [];
  const name = kind === 'b' && size === '1' ? 'bool' : `${KINDS[kind]}${8 * Number(size)}`;
  return isDType(name) ? { dtype: name, bigEndian: order === '>' } : undefined;
}

/**
 * An array of the elements in a storage, which it must fill exactly.
 * @throws RangeError where it does not
 */
export function numpyTensor(
  { dtype, bigEndian }: NumpyType,
  dims: readonly number[],
  fortranOrder: boolean,
  storage: Storage,
): Tensor {
  const strides = fortranOrder ? columnMajor(dims) : columnMajor(dims.toReversed()).toReversed();
  const tensor = stridedTensor({ dtype, dims, strides, bigEndian, offset: 0, storage });
  const expected = byteLength(dtype, dims);
  if (storage.size !== expected) {
    throw new RangeError(`an array of ${dtype} [${dims}] takes ${expected} bytes, found ${storage.size}`);
  }
  return tensor;
}

/** Strides of an array whose first axis varies fastest. */
const columnMajor = (dims: readonly number[]) => dims.map((_, axis) => elementCount(dims.slice(0, axis)));
