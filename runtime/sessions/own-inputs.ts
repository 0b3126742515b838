import { badUsage, reason } from '../../graph/common/errors.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { copyOf, refuseGone } from '../common/buffers.js';
import type { ElementType, Inputs, InputTensor, Port, TypedInputs, TypedTensor } from './tensors.js';

/**
 * The inputs of a run in memory of the session's own, before the caller goes on: the run may have to wait, and the caller
 * may fill its buffers again.
 * @param transfer take the buffers, which are empty afterwards, instead of copying what the views show
 * @throws NmodeError (BAD_USAGE) for what is no tensor, holds nothing any more, or cannot be taken
 */
export function ownInputs(inputs: Inputs, ports: readonly Port[], transfer: boolean): TypedInputs {
  if (typeof inputs !== 'object' || inputs === null) {
    throw badUsage('expected inputs by their names, as in { image: { dims, data } }');
  }
  const given = Object.entries(inputs).map(([name, tensor]) => [name, typed(name, tensor, ports)] as const);
  if (transfer) return take(given);
  return Object.fromEntries(
    given.map(([name, { type, dims, data }]) => {
      const own = isText(data) ? [...data] : copyOf(data, input(name));
      return [name, { type, dims: [...dims], data: own } as TypedTensor];
    }),
  );
}

const input = (name: string) => `input '${name}'`;

/** The element types that each array may hold, the likeliest first. */
const TYPES_OF: Readonly<Record<string, readonly ElementType[]>> = {
  Float32Array: ['float32'],
  Float64Array: ['float64'],
  Float16Array: ['float16'],
  Uint8Array: ['uint8', 'bool'],
  Int8Array: ['int8'],
  Uint16Array: ['float16', 'uint16'],
  Int16Array: ['int16'],
  Uint32Array: ['uint32'],
  Int32Array: ['int32'],
  BigUint64Array: ['uint64'],
  BigInt64Array: ['int64'],
};

/** All of them. */
const KNOWN = new Set<string>([...Object.values(TYPES_OF).flat(), 'string']);

const isText = (data: unknown): data is readonly string[] =>
  Array.isArray(data) && data.every((element) => typeof element === 'string');

/** None for what is no tensor. */
function typesOf(data: unknown): readonly ElementType[] {
  if (isText(data)) return ['string'];
  return (ArrayBuffer.isView(data) && TYPES_OF[Object(data)[Symbol.toStringTag]]) || [];
}

/** A tensor with its type told, checked. */
function typed(name: string, tensor: InputTensor, ports: readonly Port[]): TypedTensor {
  const { type, dims } = tensor ?? {};
  const data = dataOf(name, tensor);
  const types = typesOf(data);
  const isShape = Array.isArray(dims) && dims.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (types.length === 0 || !isShape) {
    throw badUsage(
      `${input(name)}: expected { dims, data } with sizes as numbers and a typed array, or an array of strings`,
    );
  }
  if (ArrayBuffer.isView(data)) refuseGone(data, input(name));
  if (data.length !== elementCount(dims)) {
    throw badUsage(
      `${input(name)} has ${data.length} elements, expected ${elementCount(dims)} for [${dims}]`,
    );
  }
  const stated = types.find((known) => known === type);
  if (type !== undefined && stated === undefined) {
    throw badUsage(`${input(name)} is said to be ${type}, and its data are ${types.join(' or ')}`);
  }
  const wanted = ports.find((port) => port.name === name)?.dtype;
  const candidates = stated === undefined ? types : [stated];
  if (wanted !== undefined && KNOWN.has(wanted) && !candidates.some((known) => known === wanted)) {
    throw badUsage(`${input(name)} is given as ${candidates.join(' or ')}, the model takes ${wanted}`);
  }
  const own = candidates.find((known) => known === wanted) ?? candidates[0];
  return { type: own, dims, data } as TypedTensor;
}

/** What a tensor holds; half precision that has an array of its own (Node 24, recent browsers) as its bits. */
function dataOf(name: string, tensor: InputTensor | undefined): InputTensor['data'] {
  try {
    const data = tensor?.data as InputTensor['data'];
    if (!ArrayBuffer.isView(data) || String(data[Symbol.toStringTag]) !== 'Float16Array') return data;
    const { buffer, byteOffset, length } = data;
    return new Uint16Array(buffer, byteOffset, length);
  } catch (error) {
    // onnxruntime's own tensors, where they are disposed of or on a graphics card.
    throw badUsage(`${input(name)}: its data cannot be read: ${reason(error)}`, { cause: error });
  }
}

/** Several inputs may lie in one buffer. @throws NmodeError (BAD_USAGE) for memory that is shared or not the caller's to give */
function take(given: readonly (readonly [string, TypedTensor])[]): TypedInputs {
  const buffers = new Set(given.flatMap(([, { data }]) => (isText(data) ? [] : [data.buffer])));
  try {
    return structuredClone(Object.fromEntries(given), { transfer: [...buffers] as ArrayBuffer[] });
  } catch (error) {
    throw badUsage(
      `the buffers of the inputs cannot be transferred (${reason(error)}): run without 'transfer'`,
      { cause: error },
    );
  }
}
