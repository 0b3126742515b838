/**
 * Requests of the Open Inference Protocol v2 in JSON and binary form: KServe's "Predict Protocol - Version 2" and Triton's
 * "Binary Tensor Data Extension".
 */
import { badUsage } from '../../../graph/common/errors.js';
import { elementCount } from '../../../graph/ir/tensor.js';
import type { Port } from '../../sessions/tensors.js';
import type { TensorRequest } from '../admission/call.js';
import {
  checkByteSize,
  checkRank,
  checkTensor,
  DATATYPES,
  type Datatype,
  elementsOf,
  type InputTensor,
} from '../protocol/datatypes.js';
import { refuseSharedMemory } from '../protocol/shared-memory.js';
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

/** The body of an infer request, and what it is read against. */
export interface InferBody {
  readonly body: Uint8Array;
  /** Bytes of JSON at its start, which tensors follow; undefined where all of it is JSON. */
  readonly jsonLength: number | undefined;
  /** What the model takes. */
  readonly ports: readonly Port[];
  readonly maxElements: number;
}

/** Reads the body of an infer request. @throws NmodeError (BAD_USAGE) */
export function readInferRequest({ body, jsonLength, ports, maxElements }: InferBody): InferRequest {
  const length = jsonLength ?? body.length;
  if (length > body.length)
    throw badUsage(`Inference-Header-Content-Length is ${length}, and the body has ${body.length} bytes`);
  const request = parseObject(body.subarray(0, length));
  const parameters = optional(request, 'parameters', isObject, 'an object') ?? {};
  const binary = new BinaryTail(body.subarray(length));
  const listed = optional(request, 'inputs', isArray, 'an array');
  if (listed === undefined || listed.length === 0) throw badUsage("the request has no 'inputs'");
  const inputs: Record<string, InputTensor> = {};
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
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(name: string, length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.bytes.length) {
      throw badUsage(`input '${name}' takes ${length} bytes, ${this.bytes.length - this.#at} are left`);
    }
    const part = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  end(): void {
    const left = this.bytes.length - this.#at;
    if (left > 0) throw badUsage(`${left} bytes follow the last input`);
  }
}

function readTensor(
  entry: unknown,
  ports: readonly Port[],
  binary: BinaryTail,
  maxElements: number,
): [string, InputTensor] {
  if (!isObject(entry)) throw badUsage("an entry of 'inputs' is not an object");
  const name = optional(entry, 'name', isString, 'a string');
  if (name === undefined) throw badUsage("an input has no 'name'");
  const dims = optional(entry, 'shape', isArray, 'an array');
  if (dims === undefined || !dims.every(isCount))
    throw badUsage(`input '${name}': 'shape' is not a list of sizes`);
  checkRank(name, dims);
  const datatype = optional(entry, 'datatype', isString, 'a string');
  const checked = checkTensor(name, datatype, dims, ports, maxElements);
  const parameters = optional(entry, 'parameters', isObject, 'an object') ?? {};
  refuseSharedMemory(`input '${name}'`, Object.keys(parameters));
  const size = optional(parameters, 'binary_data_size', isCount, 'a number of bytes');
  const data = optional(entry, 'data', isArray, 'an array');
  if (size === undefined) {
    if (data === undefined) throw badUsage(`input '${name}' has no 'data'`);
    if (checked.datatype === 'FP16')
      throw badUsage(
        `input '${name}' is FP16, which JSON cannot represent: send it as bytes (binary_data_size)`,
      );
    return [name, { dims, data: numbersOf(name, data, checked.datatype, dims) } as InputTensor];
  }
  if (data !== undefined) throw badUsage(`input '${name}' has both 'data' and 'binary_data_size'`);
  checkByteSize(name, size, dims, checked);
  return [name, { dims, data: elementsOf(binary.take(name, size), checked.datatype) } as InputTensor];
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

function readOutputs(request: Json, parameters: Json): Pick<InferRequest, 'outputs' | 'classes' | 'binary'> {
  const others = optional(parameters, 'binary_data_output', isBoolean, 'true or false') ?? false;
  const listed = optional(request, 'outputs', isArray, 'an array');
  const own = new Map<string, boolean>();
  const classes = new Map<string, number>();
  for (const entry of listed ?? []) {
    const name = isObject(entry) ? optional(entry, 'name', isString, 'a string') : undefined;
    if (name === undefined || !isObject(entry)) throw badUsage("an entry of 'outputs' has no 'name'");
    if (own.has(name)) throw badUsage(`output '${name}' is asked for twice`);
    const asked = optional(entry, 'parameters', isObject, 'an object') ?? {};
    refuseSharedMemory(`output '${name}'`, Object.keys(asked));
    const count = optional(asked, 'classification', isCount, 'a number of classes');
    if (count !== undefined) classes.set(name, count);
    own.set(name, optional(asked, 'binary_data', isBoolean, 'true or false') ?? others);
  }
  return {
    outputs: own.size > 0 ? [...own.keys()] : undefined,
    classes,
    binary: { own, others },
  };
}
