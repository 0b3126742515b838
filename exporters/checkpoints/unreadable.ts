import type { DType } from '../../graph/ir/dtype.js';
import type { Tensor } from '../../graph/ir/tensor.js';

/**
 * A tensor whose name and shape are known and whose numbers are not: quantized, sparse, without data, of a foreign class. It
 * is no fault of the file as long as no network needs it.
 */
export class UnreadableTensor implements Tensor {
  /** That of its storage; it stands for no numbers. */
  readonly dtype: DType = 'uint8';

  /** @param why what it is and what to do, as in "is sparse: save it after to_dense()" */
  constructor(
    readonly dims: readonly number[],
    readonly why: string,
  ) {}

  bytes(): Uint8Array {
    throw new TypeError(this.why);
  }
}

/** The tensors among these that cannot be read, in a phrase; undefined where there are none. */
export function unreadableText(tensors: Iterable<readonly [string, Tensor]>): string | undefined {
  const found = [...tensors].flatMap(([key, tensor]) =>
    tensor instanceof UnreadableTensor ? [{ key, why: tensor.why }] : [],
  );
  const [first] = found;
  if (first === undefined) return undefined;
  const more = found.length > 1 ? `, and ${found.length - 1} more tensors that cannot be read` : '';
  return `tensor '${first.key}' ${first.why}${more}`;
}
