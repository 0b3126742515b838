import { badUsage } from '../../../graph/common/errors.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import type { Bytes, Floats, Halves, Port } from '../../sessions/tensors.js';

/** What a request brings as one input. */
export type InputTensor = Floats | Bytes | Halves;

/** Element types by the protocol's names: bytes an element, and ONNX's names. */
export const DATATYPES = {
  FP32: { bytes: 4, dtype: 'float32', array: Float32Array, most: Number.POSITIVE_INFINITY },
  FP16: { bytes: 2, dtype: 'float16', array: Uint16Array, most: 65535 },
  UINT8: { bytes: 1, dtype: 'uint8', array: Uint8Array, most: 255 },
  UINT16: { bytes: 2, dtype: 'uint16', array: Uint16Array, most: 65535 },
} as const;

export type Datatype = keyof typeof DATATYPES;

/** Sizes of a shape: more than any model has, and so few that a message can tell them. */
const MAX_RANK = 32;

export function datatypeOf({ dtype }: Port): string {
  const found = Object.entries(DATATYPES).find(([, entry]) => entry.dtype === dtype);
  return found?.[0] ?? dtype.toUpperCase();
}

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(DATATYPES, name);
}

/** @throws NmodeError (BAD_USAGE) for more sizes than a tensor has */
export function checkRank(name: string, dims: readonly unknown[]): void {
  if (dims.length > MAX_RANK)
    throw badUsage(`input '${name}': 'shape' has ${dims.length} sizes, at most ${MAX_RANK} are accepted`);
}

/**
 * The element type of an input, and how many elements it has.
 * @param datatype as the request tells it
 * @throws NmodeError (BAD_USAGE) for an input that the model does not have, or has as another type; for more elements than are taken
 */
export function checkTensor(
  name: string,
  datatype: string | undefined,
  dims: readonly number[],
  ports: readonly Port[],
  maxElements: number,
): { readonly datatype: Datatype; readonly count: number } {
  const port = ports.find((known) => known.name === name);
  if (port === undefined) throw badUsage(`unexpected inference input '${name}'`);
  const expected = datatypeOf(port);
  if (!isDatatype(expected))
    throw badUsage(
      `inference input '${name}' is ${expected}, which is not served: ${Object.keys(DATATYPES).join(', ')} are`,
    );
  if (datatype !== expected) {
    const found = datatype === undefined ? 'missing' : `'${datatype}'`;
    throw badUsage(`inference input '${name}' data-type is ${found}, expected '${expected}'`);
  }
  const count = elementCount(dims);
  if (count > maxElements)
    throw badUsage(`input '${name}' has ${count} elements, at most ${maxElements} are accepted`);
  return { datatype: expected, count };
}

/** @throws NmodeError (BAD_USAGE) for bytes of another number than a shape tells */
export function checkByteSize(
  name: string,
  size: number,
  dims: readonly number[],
  { datatype, count }: { readonly datatype: Datatype; readonly count: number },
): void {
  const expected = count * DATATYPES[datatype].bytes;
  if (size !== expected)
    throw badUsage(`input '${name}': unexpected total byte size ${size}, expected ${expected} for [${dims}]`);
}

/**
 * Little-endian elements: a view where they are aligned, else a copy.
 * @param memoryOf gives memory for a copy of so many bytes
 */
export function elementsOf(
  bytes: Uint8Array,
  datatype: Datatype,
  memoryOf = (length: number) => new ArrayBuffer(length),
): InputTensor['data'] {
  const { buffer, byteOffset, length } = bytes;
  const { array: Elements, bytes: size } = DATATYPES[datatype];
  if (byteOffset % size === 0) return new Elements(buffer as ArrayBuffer, byteOffset, length / size);
  const memory = memoryOf(length);
  new Uint8Array(memory).set(bytes);
  return new Elements(memory);
}
