import type { DType } from '../../graph/ir/dtype.js';
import type { Tensor } from '../../graph/ir/tensor.js';

export interface TensorReport {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** The tensors of a file, in its order. */
export function tensorReports(tensors: ReadonlyMap<string, Tensor>): readonly TensorReport[] {
  return Array.from(tensors, ([name, { dtype, dims }]) => ({ name, dtype, shape: dims }));
}
