import protobuf from 'protobufjs/light.js';
import { NmodeError } from '../common/errors.js';
import type { Attribute, Attributes, Unread } from '../ir/attribute.js';
import { dtypeOfCode } from '../ir/dtype.js';
import { FAR_AWAY } from '../ir/tensor.js';
import { decode, present, unreadOf } from './message.js';
import { ATTRIBUTE_TYPES, AttributeProto, SUBGRAPH_FIELDS } from './schema.js';
import { type Int64, readTensor, type TensorMessage } from './tensor.js';

interface AttributeMessage {
  name?: string;
  type?: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorMessage;
  floats: number[];
  ints: Int64[];
  strings: Uint8Array[];
}

/**
 * The attributes of a node, each from the bytes of its AttributeProto.
 * @throws NmodeError (BAD_MODEL) where one is given twice, or holds a tensor whose sizes and elements disagree
 */
export function readAttributes(attributes: readonly Uint8Array[]): Attributes {
  const read = new Map<string, Attribute>();
  for (const bytes of attributes) {
    const message = decode<AttributeMessage>(AttributeProto, bytes);
    const { name = '' } = message;
    if (read.has(name)) throw new NmodeError('BAD_MODEL', `attribute '${name}' is given twice`);
    read.set(name, readAttribute(message, bytes));
  }
  return read;
}

function readAttribute(message: AttributeMessage, bytes: Uint8Array): Attribute {
  const { unread } = unreadOf(message);
  if (isSubgraph(message.type, unread)) return { type: 'subgraph', bytes };
  const value = heldIn(message, bytes);
  return value === undefined ? { type: 'other', bytes } : { ...value, ...(unread && { unread }) };
}

function isSubgraph(type: number | undefined, unread: Unread = []): boolean {
  const isGraph = type === ATTRIBUTE_TYPES.graph || type === ATTRIBUTE_TYPES.graphs;
  return (
    isGraph || unread.some((field) => SUBGRAPH_FIELDS.includes(protobuf.Reader.create(field).uint32() >>> 3))
  );
}

/** What an attribute holds; undefined for what is kept whole instead. */
function heldIn(message: AttributeMessage, bytes: Uint8Array): Attribute | undefined {
  switch (message.type) {
    case ATTRIBUTE_TYPES.float:
      return { type: 'float', value: message.f ?? 0 };
    case ATTRIBUTE_TYPES.int: {
      const [value] = integers([message.i]) ?? [];
      return value === undefined ? undefined : { type: 'int', value, ...wholeOf([value], bytes) };
    }
    case ATTRIBUTE_TYPES.string: {
      const [value] = texts([present(message, 's') ?? new Uint8Array()]) ?? [];
      return value === undefined ? undefined : { type: 'string', value };
    }
    case ATTRIBUTE_TYPES.tensor:
      return tensorOf(present(message, 't'), bytes);
    case ATTRIBUTE_TYPES.floats:
      return { type: 'floats', value: message.floats };
    case ATTRIBUTE_TYPES.ints: {
      const value = integers(message.ints);
      return value && { type: 'ints', value, ...wholeOf(value, bytes) };
    }
    case ATTRIBUTE_TYPES.strings: {
      const value = texts(message.strings);
      return value && { type: 'strings', value };
    }
    default:
      return undefined;
  }
}

/** Undefined where JavaScript holds one neither exactly nor as what is larger than any size. */
function integers(values: readonly (Int64 | undefined)[]): number[] | undefined {
  const numbers = values.map((value) => value?.toNumber() ?? 0);
  const held = numbers.every((value) => Number.isSafeInteger(value) || Math.abs(value) >= FAR_AWAY);
  return held ? numbers : undefined;
}

function wholeOf(values: readonly number[], whole: Uint8Array): { whole?: Uint8Array } {
  return values.every(Number.isSafeInteger) ? {} : { whole };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined where one is no UTF-8. */
function texts(values: readonly Uint8Array[]): string[] | undefined {
  try {
    return values.map((value) => utf8.decode(value));
  } catch {
    return undefined;
  }
}

/** Undefined for elements of a type that is not held here, of which a node may be given some (strings). */
function tensorOf(tensor: TensorMessage | undefined, whole: Uint8Array): Attribute | undefined {
  if (tensor === undefined || dtypeOfCode(tensor.dataType ?? 0) === undefined) return undefined;
  const isPlain = present(tensor, 'name') === undefined && unreadOf(tensor).unread === undefined;
  return { type: 'tensor', value: readTensor(tensor), ...(!isPlain && { whole }) };
}
