import { elementCount, type Tensor } from './tensor.js';

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
