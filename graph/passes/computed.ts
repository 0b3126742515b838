import type { Tensor } from '../ir/tensor.js';

/** A float32 tensor that is computed when it is read: a model's weights are never all in memory. */
export function computed(dims: readonly number[], values: () => Float32Array | Float64Array): Tensor {
  return { dtype: 'float32', dims, bytes: () => new Uint8Array(new Float32Array(values()).buffer) };
}
