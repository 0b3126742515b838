import { readFile, stat } from 'node:fs/promises';
import protobuf from 'protobufjs/light.js';
import type { Attribute, Unread } from '../attribute.js';
import { MAX_MODEL_BYTES } from '../check.js';
import { dtypeOfCode } from '../dtype.js';
import { NmodeError, reason } from '../errors.js';
import type { DeclaredType, Graph, Model, Node, ValueInfo } from '../model.js';
import type { Tensor } from '../tensor.js';
import { checkBudget } from './budget.js';
import { ATTRIBUTE_TYPES, AttributeProto, ModelProto, TypeProto } from './schema.js';
import { type Int64, readTensor, type TensorMessage } from './tensor.js';

interface ModelMessage {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  graph?: GraphMessage;
  opsetImport: { domain?: string; version?: Int64 }[];
  metadataProps: { key?: string; value?: string }[];
}

interface GraphMessage {
  node: NodeMessage[];
  name?: string;
  initializer: TensorMessage[];
  input: ValueInfoMessage[];
  output: ValueInfoMessage[];
  valueInfo: ValueInfoMessage[];
}

interface NodeMessage {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  domain?: string;
  attribute: Uint8Array[];
}

interface ValueInfoMessage {
  name?: string;
  type?: Uint8Array;
}

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

interface TypeMessage {
  tensorType?: { elemType?: number; shape?: { dim: { dimValue?: Int64; dimParam?: string }[] } };
}

/** Fields that the schema does not name, as protobufjs keeps them beside a decoded message. */
function unreadOf(message: object): { unread?: Unread } {
  const fields = (message as { $unknowns?: Unread }).$unknowns;
  return fields === undefined ? {} : { unread: fields };
}

/** A field that the file holds; protobufjs would give an absent one its default. */
function present<T extends object, K extends keyof T>(message: T, field: K): T[K] | undefined {
  return Object.hasOwn(message, field) ? message[field] : undefined;
}

function decode<T>(type: protobuf.Type, bytes: Uint8Array): T {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  return type.decode(reader) as T;
}

/** The bytes of an .onnx file. @throws NmodeError (BAD_MODEL) where it cannot be read or is larger than 2 GiB */
export async function readModelBytes(path: string): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new Error('it is not a file');
    const { size } = stats;
    if (size > MAX_MODEL_BYTES)
      throw new RangeError(`${size} bytes are more than the 2 GiB of one ONNX file`);
    return await readFile(path);
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `${path}: cannot be read: ${reason(error)}`, { cause: error });
  }
}

/**
 * Reads a model from the bytes of an .onnx file; weights are views of them. `name` stands in messages.
 * @throws NmodeError (BAD_MODEL)
 */
export function parseModel(bytes: Uint8Array, name: string): Model {
  try {
    checkBudget(bytes);
    return toModel(decode<ModelMessage>(ModelProto, bytes));
  } catch (error) {
    const problem = error instanceof NmodeError ? error.message : `not an ONNX file (${reason(error)})`;
    throw new NmodeError('BAD_MODEL', `${name}: ${problem}`, { cause: error });
  }
}

function toModel(message: ModelMessage): Model {
  const graph = present(message, 'graph');
  if (graph === undefined || message.opsetImport.length === 0) {
    throw new NmodeError('BAD_MODEL', 'not an ONNX model: it holds no graph or imports no opset');
  }
  const metadata = message.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''] as const);
  const entries = [...message.opsetImport, ...message.metadataProps];
  const domains = new Set(message.opsetImport.map(({ domain }) => domain ?? ''));
  const twice = domains.size !== message.opsetImport.length || new Map(metadata).size !== metadata.length;
  if (twice || entries.some((entry) => unreadOf(entry).unread)) {
    throw new NmodeError('BAD_MODEL', 'its metadata or opset imports hold more than this version can keep');
  }
  return {
    irVersion: message.irVersion?.toNumber() ?? 0,
    producerName: message.producerName ?? '',
    producerVersion: message.producerVersion ?? '',
    opsets: new Map(
      message.opsetImport.map(({ domain, version }) => [domain ?? '', version?.toNumber() ?? 0]),
    ),
    metadata: new Map(metadata),
    graph: toGraph(graph),
    ...unreadOf(message),
  };
}

function toGraph(message: GraphMessage): Graph {
  const initializers = new Map<string, Tensor>();
  for (const tensor of message.initializer) {
    const name = tensor.name ?? '';
    if (initializers.has(name)) throw new NmodeError('BAD_MODEL', `initializer '${name}' is stored twice`);
    initializers.set(name, { ...readTensor(tensor), ...unreadOf(tensor) });
  }
  return {
    name: message.name ?? '',
    nodes: message.node.map(toNode),
    inputs: message.input.map(toValueInfo),
    outputs: message.output.map(toValueInfo),
    valueInfo: message.valueInfo.map(toValueInfo),
    initializers,
    ...unreadOf(message),
  };
}

function toNode(message: NodeMessage): Node {
  return {
    name: message.name ?? '',
    opType: message.opType ?? '',
    // 'ai.onnx' is another name of the default domain.
    domain: message.domain === 'ai.onnx' ? '' : (message.domain ?? ''),
    inputs: message.input,
    outputs: message.output,
    attributes: new Map(message.attribute.map(toAttribute)),
    ...unreadOf(message),
  };
}

function toAttribute(bytes: Uint8Array): [string, Attribute] {
  const message = decode<AttributeMessage>(AttributeProto, bytes);
  const value = attributeValue(message, bytes);
  return [message.name ?? '', value.type === 'other' ? value : { ...value, ...unreadOf(message) }];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An attribute that JavaScript holds exactly; every other is kept whole. */
function attributeValue(message: AttributeMessage, bytes: Uint8Array): Attribute {
  try {
    return exactValue(message) ?? { type: 'other', bytes };
  } catch {
    return { type: 'other', bytes };
  }
}

/** @throws for integers beyond 2^53 and for text that is no UTF-8 */
function exactValue(message: AttributeMessage): Attribute | undefined {
  switch (message.type) {
    case ATTRIBUTE_TYPES.float:
      return { type: 'float', value: message.f ?? 0 };
    case ATTRIBUTE_TYPES.int:
      return { type: 'int', value: safe(message.i) };
    case ATTRIBUTE_TYPES.string:
      return { type: 'string', value: utf8.decode(message.s) };
    case ATTRIBUTE_TYPES.tensor: {
      const tensor = message.t;
      const plain = tensor && present(tensor, 'name') === undefined && unreadOf(tensor).unread === undefined;
      return plain ? { type: 'tensor', value: readTensor(tensor) } : undefined;
    }
    case ATTRIBUTE_TYPES.floats:
      return { type: 'floats', value: message.floats };
    case ATTRIBUTE_TYPES.ints:
      return { type: 'ints', value: message.ints.map(safe) };
    case ATTRIBUTE_TYPES.strings:
      return { type: 'strings', value: message.strings.map((text) => utf8.decode(text)) };
    default:
      return undefined;
  }
}

function safe(value: Int64 | undefined): number {
  const number = value?.toNumber() ?? 0;
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is beyond 2^53`);
  return number;
}

function toValueInfo(message: ValueInfoMessage): ValueInfo {
  const name = message.name ?? '';
  const typeBytes = present(message, 'type');
  if (typeBytes === undefined) return { name, ...unreadOf(message) };
  const type = declaredType(decode<TypeMessage>(TypeProto, typeBytes));
  return { name, ...(type && { type }), typeBytes, ...unreadOf(message) };
}

function declaredType({ tensorType }: TypeMessage): DeclaredType | undefined {
  const dtype = dtypeOfCode(tensorType?.elemType ?? 0);
  if (dtype === undefined) return undefined;
  const shape = tensorType?.shape?.dim.map(
    (dim) => present(dim, 'dimValue')?.toNumber() ?? present(dim, 'dimParam') ?? '',
  );
  return { dtype, ...(shape && { shape }) };
}
