import { at } from '../../graph/common/at.js';
import { DTYPES, type DType } from '../../graph/ir/dtype.js';
import { aligned, byteLength, elementCount, type Tensor } from '../../graph/ir/tensor.js';

/** The flat memory behind one or several tensors. */
export interface Storage {
  /** Number of bytes that the file holds for it. */
  readonly size: number;
  /** All of it. Read once and kept, since tensors share it. */
  bytes(): Uint8Array;
  /** All of it, into memory of that size; nothing is kept. */
  readInto?(target: Uint8Array): void;
}

/** A storage in a file: all of it is kept once it was read. */
export function keptStorage(
  size: number,
  read: () => Uint8Array,
  readInto: (target: Uint8Array) => void,
): Storage {
  let kept: Uint8Array | undefined;
  return {
    size,
    bytes() {
      kept ??= read();
      return kept;
    },
    readInto(target) {
      if (kept === undefined) readInto(target);
      else target.set(kept);
    },
  };
}

/** No tensor of an ONNX file is larger. */
const MAX_TENSOR_BYTES = 2 ** 31;
/** PyTorch's own limit of dimensions. */
export const MAX_RANK = 64;

/** A view of a storage, as PyTorch's tensors are: offset and strides count elements. */
export interface StridedView {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly storage: Storage;
  readonly bigEndian: boolean;
}

/**
 * A tensor that gathers its elements when read.
 * @throws RangeError where the view does not lie within its storage, before anything is allocated
 */
export function stridedTensor(view: StridedView): Tensor {
  checkBounds(view);
  const { dtype, dims, storage, bigEndian } = view;
  return {
    dtype,
    dims,
    view: { memory: storage, layout: `${dtype} ${view.offset} [${dims}] [${view.strides}]` },
    bytes() {
      const bytes = gather(view);
      return bigEndian ? swapBytes(bytes, DTYPES[dtype].bytes) : bytes;
    },
    ...(storage.readInto && !bigEndian && isWhole(view) && { fill: storage.readInto }),
  };
}

function checkBounds({ dtype, dims, strides, offset, storage }: StridedView): void {
  const itemSize = DTYPES[dtype].bytes;
  const whole = [...dims, ...strides, offset].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole || dims.length !== strides.length || dims.length > MAX_RANK) {
    throw new RangeError(`sizes [${dims}], strides [${strides}] and offset ${offset} are impossible`);
  }
  const size = byteLength(dtype, dims);
  // Of sizes that overflow, one of which is 0, nothing is known to be small.
  if (!Number.isSafeInteger(dims.reduce((product, dim) => product * Math.max(dim, 1), itemSize))) {
    throw new RangeError(`sizes [${dims}] are impossible`);
  }
  if (size > MAX_TENSOR_BYTES) {
    throw new RangeError(`sizes [${dims}] take ${size} bytes, at most ${MAX_TENSOR_BYTES} are read`);
  }
  if (size === 0) return;
  const last = dims.reduce((index, dim, axis) => index + (dim - 1) * at(strides, axis), offset);
  if ((last + 1) * itemSize > storage.size) {
    throw new RangeError(
      `sizes [${dims}] with strides [${strides}] and offset ${offset} need ${(last + 1) * itemSize} bytes, its storage holds ${storage.size}`,
    );
  }
}

function isContiguous(dims: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const dim = at(dims, axis);
    if (dim !== 1 && strides[axis] !== expected) return false;
    expected *= dim;
  }
  return true;
}

/** Whether a view is of all bytes of its storage, in their order. */
function isWhole({ dtype, dims, strides, storage }: StridedView): boolean {
  return byteLength(dtype, dims) === storage.size && isContiguous(dims, strides);
}

/** Row-major elements of a view: its storage's own bytes where they lie in order, otherwise a copy. */
function gather({ dtype, dims, strides, offset, storage }: StridedView): Uint8Array {
  const itemSize = DTYPES[dtype].bytes;
  const count = elementCount(dims);
  const from = storage.bytes();
  if (isContiguous(dims, strides)) return from.subarray(offset * itemSize, (offset + count) * itemSize);
  const result = new Uint8Array(count * itemSize);
  if (itemSize === 8) {
    // Two words an element: one more axis.
    const halves = strides.map((stride) => 2 * stride);
    copyStrided(asWords(from, 4), asWords(result, 4), [...dims, 2], [...halves, 1], 2 * offset);
  } else {
    copyStrided(asWords(from, itemSize), asWords(result, itemSize), dims, strides, offset);
  }
  return result;
}

function asWords(bytes: Uint8Array, size: number) {
  const { buffer, byteOffset, length } = aligned(bytes, size);
  if (size === 4) return new Uint32Array(buffer, byteOffset, Math.floor(length / 4));
  if (size === 2) return new Uint16Array(buffer, byteOffset, Math.floor(length / 2));
  return new Uint8Array(buffer, byteOffset, length);
}

/** @throws RangeError where elements lie outside of what there is */
function copyStrided(
  from: Uint8Array | Uint16Array | Uint32Array,
  to: Uint8Array | Uint16Array | Uint32Array,
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
): void {
  const last = dims.reduce((sum, dim, axis) => sum + (dim - 1) * at(strides, axis), offset);
  if (to.length > 0) at(from, last);
  let written = 0;
  const copy = (axis: number, start: number): void => {
    if (axis === dims.length) {
      to[written++] = from[start] as number;
      return;
    }
    const [dim, stride] = [at(dims, axis), at(strides, axis)];
    for (let i = 0; i < dim; i++) copy(axis + 1, start + i * stride);
  };
  copy(0, offset);
}

/** A copy with the bytes of every element reversed. */
function swapBytes(bytes: Uint8Array, itemSize: number): Uint8Array {
  const swapped = Buffer.from(bytes);
  if (itemSize === 2) swapped.swap16();
  if (itemSize === 4) swapped.swap32();
  if (itemSize === 8) swapped.swap64();
  return swapped;
}
