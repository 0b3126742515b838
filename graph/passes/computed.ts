import { byteLength, type Tensor } from '../ir/tensor.js';

/** A float32 tensor that is computed when it is read, and rounded once: a model's weights are never all in memory. */
export function computed(dims: readonly number[], values: () => Float32Array | Float64Array): Tensor {
  return {
    ...{ dtype: 'float32', dims, size: byteLength('float32', dims) },
    bytes() {
      const computed = values();
      const { buffer, byteOffset, byteLength } =
        computed instanceof Float32Array ? computed : new Float32Array(computed);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}
