import { at } from '../common/at.js';
import { badModel } from '../common/errors.js';
import { DTYPES } from '../ir/dtype.js';
import type { Initializer } from '../ir/model.js';
import { elementCount, integerValues, type Tensor } from '../ir/tensor.js';
import type { ReadBeside } from './external.js';
import { decode, type MessageOf, present, SparseTensorProto } from './schema.js';
import { isExternal, readTensor } from './tensor.js';

/** A few bytes may stand for as many zeros as they like. */
const MAX_BYTES = 2 ** 26;

/**
 * A SparseTensorProto with all of its zeros: places are counted in row-major order, or given along each axis. Undefined for one that is none,
 * or larger than constants that are given so.
 */
export function readSparse(
  message: MessageOf<typeof SparseTensorProto>,
  readBeside: ReadBeside,
): Tensor | undefined {
  const dims = message.dims.map((dim) => dim.toNumber());
  const [given, where] = [present(message, 'values'), present(message, 'indices')];
  if (given === undefined || where === undefined) return undefined;
  const [values, indices] = [readTensor(given, readBeside), readTensor(where, readBeside)];
  const [count = -1, ...more] = values.dims;
  const size = DTYPES[values.dtype].bytes;
  // What shares a byte, or has its own length, is stored as it is.
  if (!Number.isInteger(size) || values.dtype === 'string') return undefined;
  const length = elementCount(dims) * size;
  if (more.length > 0 || dims.some((dim) => dim < 0) || length > MAX_BYTES || indices.dtype !== 'int64')
    return undefined;
  const places = placesOf(indices, dims, count);
  if (places === undefined) return undefined;
  const bytes = () => {
    const dense = new Uint8Array(length);
    const elements = values.bytes();
    for (const [index, place] of places.entries()) {
      dense.set(elements.subarray(index * size, (index + 1) * size), place * size);
    }
    return dense;
  };
  return { dtype: values.dtype, dims, bytes };
}

/**
 * A weight that a graph stores sparsely, under the name of its values.
 * @throws NmodeError (BAD_MODEL) for one that is none, or is larger than what is held so
 */
export function readSparseInitializer(
  bytes: Uint8Array,
  readBeside: ReadBeside,
): Initializer & { readonly name: string } {
  const message = decode(SparseTensorProto, bytes);
  const { values, indices } = message;
  const name = values?.name ?? '';
  const tensor = readSparse(message, readBeside);
  if (tensor === undefined) {
    throw badModel(
      `sparse initializer '${name}' has values and places that do not fit [${message.dims}], or takes more than 64 MB: store it with its zeros`,
    );
  }
  // What is elsewhere is written as a part of the file.
  const isWhole = [values, indices].every((part) => part !== undefined && !isExternal(part));
  return { name, ...tensor, ...(isWhole && { sparse: { name, bytes } }) };
}

/** Where values stand among all elements; undefined where there are not as many, or one is outside. */
function placesOf(indices: Tensor, dims: readonly number[], count: number): readonly number[] | undefined {
  const list = integerValues(indices);
  const [rows, columns, ...more] = indices.dims;
  if (list === undefined || rows !== count || more.length > 0) return undefined;
  if (columns !== undefined && columns !== dims.length) return undefined;
  const rowAt = (row: number) =>
    dims.reduce((place, dim, axis) => place * dim + at(list, row * dims.length + axis), 0);
  const places = columns === undefined ? list : Array.from({ length: count }, (_, row) => rowAt(row));
  const total = elementCount(dims);
  return places.every((place) => place >= 0 && place < total) ? places : undefined;
}
