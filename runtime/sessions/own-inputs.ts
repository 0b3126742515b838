import { instead } from '../../graph/common/closest.js';
import { badUsage, reason } from '../../graph/common/errors.js';
import { literal } from '../../graph/common/option.js';
import { isOf } from '../../graph/common/option-kinds.js';
import { sizesText } from '../../graph/ir/model.js';
import { elementCount } from '../../graph/ir/tensor.js';
import { ARRAYS, copyOf, refuseGone } from '../common/buffers.js';
import type { ElementType, Inputs, InputTensor, Port, TypedInputs, TypedTensor } from './tensors.js';

/**
 * The inputs of a run in memory of the session's own, before the caller goes on: the run may have to wait, and the caller
 * may fill its buffers again.
 * @param transfer take the buffers, which are empty afterwards, instead of copying what the views show
 * @throws NmodeError (BAD_USAGE) for what is no tensor, is not what the model takes, holds nothing any more, or cannot be taken
 */
export function ownInputs(inputs: Inputs, ports: readonly Port[], transfer: boolean): TypedInputs {
  if (!isOf('Object')(inputs)) {
    throw badUsage(
      `expected inputs by their names, as in { image: { dims, data } }, found ${literal(inputs)}`,
    );
  }
  const named = Object.keys(inputs).filter((name) => inputs[name] !== undefined);
  refuseUnknown('input', named, ports);
  const given = ports.map((port) => [port.name, typed(port, inputs[port.name])] as const);
  if (transfer) return take(given);
  return Object.fromEntries(
    given.map(([name, { type, dims, data }]) => {
      const own = isText(data) ? [...data] : copyOf(data, input(name));
      return [name, { type, dims: [...dims], data: own } as TypedTensor];
    }),
  );
}

/** @throws NmodeError (BAD_USAGE) for a name that no port has */
export function refuseUnknown(
  what: 'input' | 'output',
  names: readonly string[],
  ports: readonly Port[],
): void {
  const known = new Set(ports.map(({ name }) => name));
  const other = names.find((name) => !known.has(name));
  if (other === undefined) return;
  throw badUsage(`no ${what} is named '${other}'${instead(other, [...known], (name) => `'${name}'`)}`);
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

/** The array of an element type; undefined for text, and what none holds. */
export const arrayOf = (type: string) =>
  Object.values(ARRAYS).find(({ name }) => TYPES_OF[name]?.some((held) => held === type));

/** All of them. */
export const ELEMENT_TYPES: ReadonlySet<string> = new Set([...Object.values(TYPES_OF).flat(), 'string']);

const isText = (data: unknown): data is readonly string[] =>
  Array.isArray(data) && data.every((element) => typeof element === 'string');

/** None for what is no tensor. */
function typesOf(data: unknown): readonly ElementType[] {
  if (isText(data)) return ['string'];
  return (ArrayBuffer.isView(data) && TYPES_OF[Object(data)[Symbol.toStringTag]]) || [];
}

/** Whether sizes are those that a model declares, as far as it does: onnxruntime tells of a scalar as of any rank. */
const isDeclared = (dims: readonly number[], shape: Port['shape']) =>
  shape.length === 0 ||
  (dims.length === shape.length &&
    shape.every((size, axis) => typeof size !== 'number' || size < 0 || size === dims[axis]));

/** A tensor with its type told, checked. */
function typed({ name, dtype: wanted, shape }: Port, tensor: InputTensor | undefined): TypedTensor {
  if (tensor === undefined) {
    const sizes = shape.length === 0 ? '' : ` [${sizesText(shape)}]`;
    throw badUsage(`${input(name)} is missing: expected ${wanted}${sizes}`);
  }
  const data = dataOf(name, tensor);
  const { type, dims } = tensor ?? {};
  if (data === undefined || dims === undefined) {
    throw badUsage(`${input(name)}: expected { dims, data }, found ${literal(tensor)}`);
  }
  if (!(Array.isArray(dims) && dims.every((size) => Number.isSafeInteger(size) && size >= 0))) {
    throw badUsage(`${input(name)}: its dims are ${literal(dims)}, expected whole numbers from 0 on`);
  }
  const types = typesOf(data);
  if (types.length === 0) {
    throw badUsage(
      `${input(name)}: its data are ${literal(data)}, expected a typed array, or an array of strings`,
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
  const candidates = stated === undefined ? types : [stated];
  if (ELEMENT_TYPES.has(wanted) && !candidates.some((known) => known === wanted)) {
    throw badUsage(`${input(name)} is given as ${candidates.join(' or ')}, the model takes ${wanted}`);
  }
  if (!isDeclared(dims, shape)) {
    throw badUsage(`${input(name)} is [${dims.join(', ')}], the model takes [${sizesText(shape)}]`);
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
