import { DTYPES, type DType } from './dtype.js';

/** Which elements of which memory a tensor is of: two of the same memory and layout are one. */
export interface TensorView {
  readonly memory: object;
  readonly layout: string;
}

/**
 * A constant array: row-major, little-endian; elements of less than a byte share one, the first in its lowest bits, and strings are the fields
 * of a TensorProto that hold them. `bytes()` may read a file when called (and again at every call),
 * so a tensor costs nothing until it is needed.
 */
export interface Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  bytes(): Uint8Array;
  /** Of one that is a view of memory which others may share. */
  readonly view?: TensorView;
  /** Writes the same bytes to memory that is there and begins where a typed array may: those that are computed, or read from a file. */
  fill?(target: Uint8Array): void;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function byteLength(dtype: DType, dims: readonly number[]): number {
  return Math.ceil(elementCount(dims) * DTYPES[dtype].bytes);
}

/** What a tensor takes, whose strings are as long as they are. */
export const sizeOf = (tensor: Tensor): number =>
  tensor.dtype === 'string' ? tensor.bytes().length : byteLength(tensor.dtype, tensor.dims);

/** The elements of a typed array as a tensor; it must not be written to afterwards. */
export function tensorOf(dtype: DType, dims: readonly number[], elements: ArrayBufferView): Tensor {
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return { dtype, dims, bytes: () => bytes };
}

export function float32Tensor(dims: readonly number[], values: Float32Array | readonly number[]): Tensor {
  return tensorOf('float32', dims, Float32Array.from(values));
}

/** @param values what is far away becomes the largest int64, or the smallest */
export function int64Tensor(dims: readonly number[], values: readonly number[]): Tensor {
  return tensorOf('int64', dims, BigInt64Array.from(values, int64Of));
}

const MAX_INT64 = 2n ** 63n - 1n;

function int64Of(value: number): bigint {
  if (Math.abs(value) < FAR_AWAY) return BigInt(value);
  return value > 0 ? MAX_INT64 : -MAX_INT64 - 1n;
}

/** The same bytes, where a typed array of elements of `size` bytes may begin; copied only if they are not. */
export function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
}

/** The place along every axis of element `flat` of a row-major array. */
export function unravel(flat: number, dims: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const dim of [...dims].reverse()) {
    index.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return index;
}

/** The elements of a float32 tensor; a view of its bytes where alignment allows. */
export function float32Values(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32') throw new TypeError(`expected a float32 tensor, found ${tensor.dtype}`);
  const { buffer, byteOffset } = aligned(tensor.bytes(), 4);
  return new Float32Array(buffer, byteOffset, elementCount(tensor.dims));
}

/** Copies the elements of a float32 tensor to memory that is there, without a copy of its own where it can write them itself. */
export function readFloat32(tensor: Tensor, target: Float32Array): void {
  if (tensor.fill === undefined) target.set(float32Values(tensor));
  else tensor.fill(new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
}

/**
 * A float32 tensor that is computed when it is read: a model's weights are never all in memory.
 * @param fill writes all elements; what is there before is not 0
 */
export function computed(dims: readonly number[], fill: (values: Float32Array) => void): Tensor {
  return {
    dtype: 'float32',
    dims,
    bytes() {
      const values = new Float32Array(elementCount(dims));
      fill(values);
      return new Uint8Array(values.buffer);
    },
    fill: ({ buffer, byteOffset }) => fill(new Float32Array(buffer, byteOffset, elementCount(dims))),
  };
}

/** Integers from here on mean "to the end" (the largest int64 in Slice and Shape): larger than any size, though not held exactly. */
export const FAR_AWAY = 2 ** 62;

/** The elements of an int64 or int32 tensor as numbers; undefined where one is beyond 2^53 and not far away. */
export function integerValues(tensor: Tensor): number[] | undefined {
  const count = elementCount(tensor.dims);
  if (tensor.dtype === 'int32') {
    const { buffer, byteOffset } = aligned(tensor.bytes(), 4);
    return Array.from(new Int32Array(buffer, byteOffset, count));
  }
  if (tensor.dtype !== 'int64')
    throw new TypeError(`expected an int64 or int32 tensor, found ${tensor.dtype}`);
  const { buffer, byteOffset } = aligned(tensor.bytes(), 8);
  const values = Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
  return values.every((value) => Number.isSafeInteger(value) || Math.abs(value) >= FAR_AWAY)
    ? values
    : undefined;
}
