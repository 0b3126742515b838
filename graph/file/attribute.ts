import { badModel, unlessRefused } from '../common/errors.js';
import type { Attribute, Attributes } from '../ir/attribute.js';
import { dtypeOfCode } from '../ir/dtype.js';
import type { Graph } from '../ir/model.js';
import { FAR_AWAY } from '../ir/tensor.js';
import type { ReadBeside } from './external.js';
import {
  ATTRIBUTE_TYPES,
  AttributeProto,
  decode,
  type Int64,
  type MessageOf,
  present,
  unreadOf,
} from './schema.js';
import { readSparse } from './sparse.js';
import { isExternal, readTensor, type TensorMessage } from './tensor.js';

/** What attributes are read with: they may hold tensors that are elsewhere, and graphs. */
export interface Context {
  readonly readBeside: ReadBeside;
  readGraph(bytes: Uint8Array, readBeside: ReadBeside): Graph;
}

type AttributeMessage = MessageOf<typeof AttributeProto>;

/**
 * The attributes of a node, each from the bytes of its AttributeProto.
 * @throws NmodeError (BAD_MODEL) where one is given twice, or holds a tensor whose sizes and elements disagree
 */
export function readAttributes(attributes: readonly Uint8Array[], context: Context): Attributes {
  const read = new Map<string, Attribute>();
  for (const bytes of attributes) {
    const message = decode(AttributeProto, bytes);
    const { name = '' } = message;
    if (read.has(name)) throw badModel(`attribute '${name}' is given twice`);
    read.set(name, readAttribute(message, bytes, context));
  }
  return read;
}

function readAttribute(message: AttributeMessage, bytes: Uint8Array, context: Context): Attribute {
  // Within a function, it is what whoever calls that gives.
  const reference = present(message, 'refAttrName');
  if (reference !== undefined && reference !== '') return { type: 'other', bytes, reference };
  const own = present(message, 'g');
  const graphs = [...(own ? [own] : []), ...message.graphs];
  // Whatever its type says.
  if (graphs.length > 0 || isGraph(message.type)) return subgraphOf(graphs, bytes, context);
  const { unread } = unreadOf(message);
  const value = heldIn(message, bytes, context);
  return value === undefined ? { type: 'other', bytes } : { ...value, ...(unread && { unread }) };
}

const isGraph = (type: number | undefined) =>
  type === ATTRIBUTE_TYPES.graph || type === ATTRIBUTE_TYPES.graphs;

/** One graph is opened, and written back as it was; what else there is stays closed. */
function subgraphOf(
  [first, ...more]: readonly Uint8Array[],
  bytes: Uint8Array,
  { readBeside, readGraph }: Context,
): Attribute {
  if (first === undefined || more.length > 0) return { type: 'subgraph', bytes };
  let isWhole = true;
  try {
    const graph = readGraph(first, (...tensor) => {
      isWhole = false;
      return readBeside(...tensor);
    });
    // What is elsewhere is written as a part of the file.
    return { type: 'subgraph', graph, ...(isWhole && { bytes }) };
  } catch (error) {
    if (isWhole) return { type: 'subgraph', bytes };
    throw error;
  }
}

/** What an attribute holds; undefined for what is kept whole instead. */
function heldIn(message: AttributeMessage, bytes: Uint8Array, context: Context): Attribute | undefined {
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
      return tensorOf(present(message, 't'), bytes, context);
    case ATTRIBUTE_TYPES.sparseTensor: {
      const sparse = present(message, 'sparseTensor');
      // Kept whole where its elements are not held here, or it is none.
      const value = sparse && unlessRefused(() => readSparse(sparse, context.readBeside), undefined);
      return value && { type: 'tensor', value, whole: bytes };
    }
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
function tensorOf(
  tensor: TensorMessage | undefined,
  whole: Uint8Array,
  context: Context,
): Attribute | undefined {
  if (tensor === undefined || dtypeOfCode(tensor.dataType ?? 0) === undefined) return undefined;
  // What is elsewhere is written as a part of the file.
  const isPlain =
    isExternal(tensor) || (present(tensor, 'name') === undefined && unreadOf(tensor).unread === undefined);
  const value = readTensor(tensor, context.readBeside);
  return { type: 'tensor', value, ...((!isPlain || value.dtype === 'string') && { whole }) };
}
