/**
 * Requests of the Open Inference Protocol v2 in JSON and binary form: KServe's "Predict Protocol - Version 2" and Triton's
 * "Binary Tensor Data Extension".
 */
import { badUsage } from '../../../graph/common/errors.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import type { Bytes, Floats, Port } from '../../sessions/tensors.js';
import type { TensorRequest } from '../admission/call.js';
import {
  isArray,
  isBoolean,
  isCount,
  isObject,
  isString,
  type Json,
  optional,
  parseObject,
} from './bodies/json.js';

/** A request, once read; a thread may have read it. */
export interface InferRequest extends TensorRequest {
  readonly id: string | undefined;
  /** Whether outputs are wanted as bytes after the JSON: those that say so themselves, and all others. */
  readonly binary: { readonly own: ReadonlyMap<string, boolean>; readonly others: boolean };
}

/** Element types by the protocol's names: bytes an element, and ONNX's names. */
const DATATYPES = {
  FP32: { bytes: 4, dtype: 'float32', array: Float32Array, most: Number.POSITIVE_INFINITY },
  UINT8: { bytes: 1, dtype: 'uint8', array: Uint8Array, most: 255 },
  UINT16: { bytes: 2, dtype: 'uint16', array: Uint16Array, most: 65535 },
} as const;
type Datatype = keyof typeof DATATYPES;

/** Sizes of a shape: more than any model has, and so few that a message can tell them. */
const MAX_RANK = 32;

export function datatypeOf({ dtype }: Port): string {
  const found = Object.entries(DATATYPES).find(([, entry]) => entry.dtype === dtype);
  return found?.[0] ?? dtype.toUpperCase();
}

/**
 * Reads the body of an infer request.
 * @param jsonLength bytes of JSON, which tensors follow; undefined where the whole body is JSON
 * @param ports what the model takes
 * @throws NmodeError (BAD_USAGE)
 */
export function readInferRequest(
  body: Uint8Array,
  jsonLength: number | undefined,
  ports: readonly Port[],
  maxElements: number,
): InferRequest {
  const length = jsonLength ?? body.length;
  if (length > body.length)
    throw badUsage(`Inference-Header-Content-Length is ${length}, and the body has ${body.length} bytes`);
  const request = parseObject(body.subarray(0, length));
  const parameters = optional(request, 'parameters', isObject, 'an object') ?? {};
  const binary = new BinaryTail(body.subarray(length));
  const listed = optional(request, 'inputs', isArray, 'an array');
  if (listed === undefined || listed.length === 0) throw badUsage("the request has no 'inputs'");
  const inputs: Record<string, Floats | Bytes> = {};
  for (const entry of listed) {
    const [name, tensor] = readTensor(entry, ports, binary, maxElements);
    if (Object.hasOwn(inputs, name)) throw badUsage(`input '${name}' is given twice`);
    inputs[name] = tensor;
  }
  binary.end();
  const timeout = optional(parameters, 'timeout', isCount, 'a number of microseconds');
  return {
    id: optional(request, 'id', isString, 'a string'),
    inputs,
    // Triton's, in microseconds, where 0 is no limit.
    timeout: timeout ? timeout / 1000 : undefined,
    ...readOutputs(request, parameters),
  };
}

/** The bytes after the JSON, taken tensor by tensor. */
class BinaryTail {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(name: string, length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) {
      throw badUsage(`input '${name}' takes ${length} bytes, ${this.#bytes.length - this.#at} are left`);
    }
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw badUsage(`${left} bytes follow the last input`);
  }
}

function readTensor(
  entry: unknown,
  ports: readonly Port[],
  binary: BinaryTail,
  maxElements: number,
): [string, Floats | Bytes] {
  if (!isObject(entry)) throw badUsage("an entry of 'inputs' is no object");
  const name = optional(entry, 'name', isString, 'a string');
  if (name === undefined) throw badUsage("an input has no 'name'");
  const dims = optional(entry, 'shape', isArray, 'an array');
  if (dims === undefined || !dims.every(isCount))
    throw badUsage(`input '${name}': 'shape' is not a list of sizes`);
  if (dims.length > MAX_RANK)
    throw badUsage(`input '${name}': 'shape' has ${dims.length} sizes, at most ${MAX_RANK} are taken`);
  const datatype = optional(entry, 'datatype', isString, 'a string');
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
    throw badUsage(`input '${name}' has ${count} elements, at most ${maxElements} are taken`);
  const parameters = optional(entry, 'parameters', isObject, 'an object') ?? {};
  const size = optional(parameters, 'binary_data_size', isCount, 'a number of bytes');
  const data = optional(entry, 'data', isArray, 'an array');
  if (size === undefined) {
    if (data === undefined) throw badUsage(`input '${name}' has no 'data'`);
    return [name, { dims, data: numbersOf(name, data, expected, dims) } as Floats | Bytes];
  }
  if (data !== undefined) throw badUsage(`input '${name}' has both 'data' and 'binary_data_size'`);
  const { bytes } = DATATYPES[expected];
  if (size !== count * bytes) {
    throw badUsage(
      `input '${name}': unexpected total byte size ${size}, expected ${count * bytes} for [${dims}]`,
    );
  }
  return [name, { dims, data: elementsOf(binary.take(name, size), expected) } as Floats | Bytes];
}

function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(DATATYPES, name);
}

/** Little-endian elements: a view where they are aligned, else a copy. */
function elementsOf(bytes: Uint8Array, datatype: Datatype): (Floats | Bytes)['data'] {
  const { buffer, byteOffset, length } = bytes;
  const { array: Elements, bytes: size } = DATATYPES[datatype];
  if (byteOffset % size !== 0) return new Elements(new Uint8Array(bytes).buffer);
  return new Elements(buffer as ArrayBuffer, byteOffset, length / size);
}

/** Numbers in row-major order, flat or nested as their shape. */
function numbersOf(name: string, data: readonly unknown[], datatype: Datatype, dims: readonly number[]) {
  const count = elementCount(dims);
  const rows = rowsOf(name, data, dims);
  const given = rows.reduce((sum, { length }) => sum + length, 0);
  // No memory is taken for what a shape tells and nobody sends.
  const room = Math.min(given, count);
  const { array: Elements, most } = DATATYPES[datatype];
  const numbers = new Elements(room);
  const fits = (value: number) =>
    datatype === 'FP32' || (Number.isInteger(value) && value >= 0 && value <= most);
  let at = 0;
  for (const row of rows) {
    for (const value of row) {
      if (isArray(value)) throw badlyNested(name, dims);
      if (typeof value !== 'number' || !fits(value))
        throw badUsage(`input '${name}': a value of 'data' is no ${datatype}`);
      if (at >= count)
        throw badUsage(`input '${name}': 'data' has more than the ${count} values of its shape`);
      numbers[at] = value;
      // JSON tells numbers that are beyond float32, and beyond what it is read into.
      if (!Number.isFinite(numbers[at]))
        throw badUsage(`input '${name}': a value of 'data' is beyond the range of FP32`);
      at++;
    }
  }
  if (at < count) throw badUsage(`input '${name}': 'data' has ${at} values, expected ${count}`);
  return numbers;
}

/** The innermost lists of numbers that are nested as their shape; flat ones are one list. Not by recursion: a request may nest without end. */
function rowsOf(name: string, data: readonly unknown[], dims: readonly number[]) {
  let rows = [data];
  if (!isArray(data[0])) return rows;
  for (const [axis, size] of dims.entries()) {
    if (axis > 0) {
      const inner = rows.flat();
      if (!inner.every(isArray)) throw badlyNested(name, dims);
      rows = inner;
    }
    if (rows.some((row) => row.length !== size)) throw badlyNested(name, dims);
  }
  return rows;
}

function badlyNested(name: string, dims: readonly number[]): Error {
  return badUsage(`input '${name}': 'data' is neither flat nor nested as its shape [${dims}]`);
}

function readOutputs(request: Json, parameters: Json): Pick<InferRequest, 'outputs' | 'binary'> {
  const others = optional(parameters, 'binary_data_output', isBoolean, 'true or false') ?? false;
  const listed = optional(request, 'outputs', isArray, 'an array');
  const own = new Map<string, boolean>();
  for (const entry of listed ?? []) {
    const name = isObject(entry) ? optional(entry, 'name', isString, 'a string') : undefined;
    if (name === undefined || !isObject(entry)) throw badUsage("an entry of 'outputs' has no 'name'");
    if (own.has(name)) throw badUsage(`output '${name}' is asked for twice`);
    const asked = optional(entry, 'parameters', isObject, 'an object') ?? {};
    own.set(name, optional(asked, 'binary_data', isBoolean, 'true or false') ?? others);
  }
  return {
    outputs: own.size > 0 ? [...own.keys()] : undefined,
    binary: { own, others },
  };
}
