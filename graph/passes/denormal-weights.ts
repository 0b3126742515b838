import { captured, readsUnseen } from '../analysis/subgraphs.js';
import type { Model } from '../ir/model.js';
import { aligned, byteLength, computed, readFloat32, type Tensor } from '../ir/tensor.js';

/** Which inputs of an operator are multiplied with others. */
const MULTIPLIED: ReadonlyMap<string, readonly number[]> = new Map([
  ...at('Conv ConvTranspose DeformConv FusedConv PRelu', [1]),
  ...at(
    'BatchNormalization GroupNormalization InstanceNormalization LayerNormalization RMSNormalization',
    [1],
  ),
  ...at('Einsum Gemm MatMul Mul', [0, 1]),
  ...at('GRU LSTM RNN', [1, 2]),
]);

function at(operators: string, positions: readonly number[]): [string, readonly number[]][] {
  return operators.split(' ').map((operator) => [operator, positions]);
}

/**
 * Puts zero in the place of float32 weights below 2^-126, which processors multiply by many times slower than by any other, and whose
 * products are nothing beside the rounding of others. What is added or divided by stays: an epsilon may be as small.
 */
export function withoutDenormals(model: Model) {
  const { nodes, inputs, outputs, initializers } = model.graph;
  // What a subgraph that cannot be read does with a weight is not seen.
  if (nodes.some(readsUnseen)) return { model, count: () => 0 };
  // What may be replaced stays, and what a subgraph reads.
  const kept = new Set([...inputs, ...outputs].map(({ name }) => name));
  for (const name of nodes.flatMap(captured)) kept.add(name);
  const multiplied = new Set<string>();
  for (const { opType, inputs: read } of nodes) {
    const positions = MULTIPLIED.get(opType) ?? [];
    for (const [index, name] of read.entries()) (positions.includes(index) ? multiplied : kept).add(name);
  }
  let room = KEPT_BYTES;
  const counts: (() => number)[] = [];
  const cleaned = Array.from(initializers, ([name, tensor]): [string, Tensor] => {
    if (tensor.dtype !== 'float32' || !multiplied.has(name) || kept.has(name)) return [name, tensor];
    // What is in memory need not wait.
    if (tensor.fill === undefined && countDenormals(tensor.bytes()) === 0) return [name, tensor];
    room -= byteLength(tensor.dtype, tensor.dims);
    const clean = flushed(tensor, room >= 0);
    counts.push(clean.count);
    return [name, clean.tensor];
  });
  return {
    model: { ...model, graph: { ...model.graph, initializers: new Map(cleaned) } },
    /** How many weights became zero. Reads those that nobody has read so far: asked when the model is written, it takes no time. */
    count: () => counts.reduce((sum, count) => sum + count(), 0),
  };
}

/** Weights of so many bytes are not computed, or read from a file, each time that somebody asks for them: memory is spent on time. */
const KEPT_BYTES = 64e6;

/** The bits of the exponent, which a denormal has none of, and those of the magnitude. */
const [EXPONENT, MAGNITUDE] = [0x7f800000, 0x7fffffff];

const isDenormal = (bits: number) => (bits & EXPONENT) === 0 && (bits & MAGNITUDE) !== 0;

function countDenormals(bytes: Uint8Array): number {
  const { buffer, byteOffset, byteLength } = aligned(bytes, 4);
  // Signed words are small integers to V8; unsigned ones are boxed until the loop is optimized.
  const words = new Int32Array(buffer, byteOffset, byteLength / 4);
  let count = 0;
  for (let index = 0; index < words.length; index++) if (isDenormal(words[index] as number)) count++;
  return count;
}

/** The number of denormals, now zero. */
function flush(values: Float32Array): number {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  let count = 0;
  for (let index = 0; index < words.length; index++) {
    if (!isDenormal(words[index] as number)) continue;
    words[index] = 0;
    count++;
  }
  return count;
}

/** Flushed as it is read, so that a weight that is written once is gone through once. */
function flushed(tensor: Tensor, isKept: boolean) {
  let [found, kept]: [number?, Uint8Array?] = [];
  const clean = computed(tensor.dims, (values) => {
    readFloat32(tensor, values);
    found = flush(values);
  });
  const fill = (target: Uint8Array) => (kept === undefined ? clean.fill?.(target) : target.set(kept));
  const bytes = () => {
    const whole = kept ?? clean.bytes();
    if (isKept) kept = whole;
    return whole;
  };
  const count = () => {
    if (found === undefined) bytes();
    return found ?? 0;
  };
  return { tensor: { ...clean, bytes, fill }, count };
}
