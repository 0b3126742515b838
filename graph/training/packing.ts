import { badUsage } from '../common/errors.js';
import { elementCount, float32Tensor, float32Values, type Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { concat } from '../ops/concat.js';
import { reshape } from '../ops/reshape.js';
import { sliceAxis } from '../ops/slice.js';

interface Placed {
  readonly start: number;
  readonly tensor: Tensor;
}

/** Named tensors, one behind the other in one vector: what an optimiser does to all of them is done to that, at once. */
export class Packing {
  readonly length: number;
  readonly #places = new Map<string, Placed>();

  /** @param tensors float32, in the order in which they stand */
  constructor(tensors: ReadonlyMap<string, Tensor>) {
    let start = 0;
    for (const [name, tensor] of tensors) {
      this.#places.set(name, { start, tensor });
      start += elementCount(tensor.dims);
    }
    this.length = start;
  }

  get names(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** The numbers of all tensors. */
  values(): Float32Array {
    const packed = new Float32Array(this.length);
    for (const { start, tensor } of this.#places.values()) packed.set(float32Values(tensor), start);
    return packed;
  }

  /** The tensors that a vector holds, by their names. */
  unpack(packed: Float32Array): ReadonlyMap<string, Tensor> {
    if (packed.length !== this.length) {
      throw badUsage(`a state of ${packed.length} numbers, expected the ${this.length} of this training`);
    }
    return this.#each((dims, start, end) => float32Tensor(dims, packed.subarray(start, end)));
  }

  /** The values in a graph that a vector [length] holds, by their names. */
  split(packed: Value): ReadonlyMap<string, Value> {
    return this.#each((dims, start, end) => reshape(sliceAxis(packed, 0, start, end), dims));
  }

  /** The vector [length] of values of these shapes, in the order of the names. */
  join(values: readonly Value[]): Value {
    const flat = values.map((value) => reshape(value, [-1]));
    return concat(flat, 0);
  }

  /** Of each tensor, by its name, what its sizes and its place give. */
  #each<T>(partOf: (dims: readonly number[], start: number, end: number) => T): ReadonlyMap<string, T> {
    const partAt = ({ start, tensor: { dims } }: Placed) => partOf(dims, start, start + elementCount(dims));
    return new Map(Array.from(this.#places, ([name, placed]) => [name, partAt(placed)]));
  }
}
