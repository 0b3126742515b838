import { fromHalf } from '../../graph/common/half.js';
import { DTYPES, type DType } from '../../graph/ir/dtype.js';
import { aligned, computed, type Tensor } from '../../graph/ir/tensor.js';

/** float32 elements: halves widen exactly, doubles round to the nearest. */
function convert({ dtype, bytes }: Tensor, result: Float32Array): void {
  const { buffer, byteOffset } = aligned(bytes(), DTYPES[dtype].bytes);
  const count = result.length;
  if (dtype === 'float64') {
    const doubles = new Float64Array(buffer, byteOffset, count);
    result.set(doubles);
    for (let i = 0; i < count; i++) {
      if (!Number.isFinite(result[i]) && Number.isFinite(doubles[i])) {
        throw new RangeError(`element ${i} is ${doubles[i]}, beyond the range of float32`);
      }
    }
  } else if (dtype === 'float16') {
    new Uint16Array(buffer, byteOffset, count).forEach((bits, i) => {
      result[i] = fromHalf(bits);
    });
  } else {
    // bfloat16 is the upper half of a float32.
    const words = new Uint32Array(result.buffer, result.byteOffset, count);
    new Uint16Array(buffer, byteOffset, count).forEach((bits, i) => {
      words[i] = bits << 16;
    });
  }
}

const FLOATING: readonly DType[] = ['float32', 'float16', 'bfloat16', 'float64'];

/** A floating-point tensor as float32, converted when read, and whether that rounds it; undefined for whole numbers. */
export function toFloat32(tensor: Tensor): { tensor: Tensor; isNarrowed: boolean } | undefined {
  const { dtype, dims } = tensor;
  if (!FLOATING.includes(dtype)) return undefined;
  const converted = dtype === 'float32' ? tensor : computed(dims, (values) => convert(tensor, values));
  return { tensor: converted, isNarrowed: dtype === 'float64' };
}
