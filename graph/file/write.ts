import protobuf from 'protobufjs/light.js';
import type { Attribute, Unread } from '../ir/attribute.js';
import { DTYPES } from '../ir/dtype.js';
import type { DeclaredType, Graph, Initializer, Model, Node, ValueInfo } from '../ir/model.js';
import { sizeOf, type Tensor } from '../ir/tensor.js';
import {
  ATTRIBUTE_TYPES,
  AttributeProto,
  FIELD_IDS,
  GraphProto,
  ModelProto,
  TensorProto,
  TypeProto,
} from './schema.js';

/** The bytes of an .onnx file. The same model gives the same bytes. */
export function encodeModel(model: Model): Uint8Array {
  const layout = layOut(model);
  const bytes = Buffer.alloc(layout.length);
  let length = 0;
  for (const chunk of pieces(layout)) {
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes;
}

/** Smaller pieces are put together: to write one takes as long as to write this many bytes. */
const MIN_CHUNK_BYTES = 2 ** 16;

/**
 * The same chunk by chunk: a weight is read when its turn comes. A chunk stays as it is while the next one is made, and no longer: weights
 * that are computed, or read from a file, take turns in two buffers.
 */
export function* encodeChunks(model: Model): Generator<Uint8Array> {
  let [small, length]: [Uint8Array[], number] = [[], 0];
  for (const piece of pieces(layOut(model))) {
    if (piece.length < MIN_CHUNK_BYTES) {
      small.push(piece);
      length += piece.length;
    }
    if (length > 0 && (length >= MIN_CHUNK_BYTES || piece.length >= MIN_CHUNK_BYTES)) {
      yield Buffer.concat(small);
      [small, length] = [[], 0];
    }
    // Large ones are not copied.
    if (piece.length >= MIN_CHUNK_BYTES) yield piece;
  }
  if (length > 0) yield Buffer.concat(small);
}

function* pieces({ head, initializers }: ReturnType<typeof layOut>): Generator<Uint8Array> {
  yield head;
  const most = initializers.reduce((most, { fill, size }) => (fill ? Math.max(most, size) : most), 0);
  // What is not written to takes no memory.
  let [spare, other] = [new ArrayBuffer(most), new ArrayBuffer(most)];
  for (const { head, tensor, fill, size } of initializers) {
    yield head;
    if (fill !== undefined) {
      const bytes = new Uint8Array(spare, 0, size);
      fill(bytes);
      yield bytes;
      [spare, other] = [other, spare];
      continue;
    }
    const bytes = tensor.bytes();
    if (bytes.length !== size) throw new RangeError(`a tensor of ${size} bytes holds ${bytes.length}`);
    yield bytes;
  }
}

/** The size of the .onnx file, without reading a weight. */
export function encodedLength(model: Model): number {
  return layOut(model).length;
}

function layOut(model: Model) {
  const start = ModelProto.encode(
    withUnread(model, {
      irVersion: model.irVersion,
      producerName: model.producerName,
      producerVersion: model.producerVersion,
      opsetImport: Array.from(model.opsets, ([domain, version]) => ({ domain, version })),
      metadataProps: Array.from(model.metadata, ([key, value]) => ({ key, value })),
      functions: (model.functions ?? []).map(({ bytes }) => bytes),
    }),
  ).finish();
  const graph = GraphProto.encode(graphMessage(model.graph)).finish();
  const initializers = Array.from(model.graph.initializers, initializerPart);
  const size = initializers.reduce((sum, part) => sum + part.head.length + part.size, graph.length);
  const head = Buffer.concat([start, lengthDelimited(FIELD_IDS.modelGraph, size), graph]);
  return { head, initializers, length: head.length - graph.length + size };
}

/** Tag and length of a field of wire type 2 (protobuf encoding guide). */
function lengthDelimited(id: number, length: number): Uint8Array {
  return protobuf.Writer.create()
    .uint32((id << 3) | 2)
    .uint32(length)
    .finish();
}

const NOTHING: Tensor = { dtype: 'uint8', dims: [0], bytes: () => new Uint8Array() };

/** An initializer: all up to its elements, which follow. */
function initializerPart([name, tensor]: readonly [string, Initializer]) {
  const { dims, dtype, sparse } = tensor;
  if (sparse?.name === name) {
    const head = [lengthDelimited(FIELD_IDS.graphSparseInitializer, sparse.bytes.length), sparse.bytes];
    return { head: Buffer.concat(head), tensor: NOTHING, fill: undefined, size: 0 };
  }
  const size = sizeOf(tensor);
  const rest = TensorProto.encode(withUnread(tensor, { dims, dataType: DTYPES[dtype].onnx, name })).finish();
  // Strings are fields already.
  const raw = dtype === 'string' ? new Uint8Array() : lengthDelimited(FIELD_IDS.tensorRawData, size);
  const field = lengthDelimited(FIELD_IDS.graphInitializer, rest.length + raw.length + size);
  const fill = size < MIN_CHUNK_BYTES ? undefined : tensor.fill;
  return { head: Buffer.concat([field, rest, raw]), tensor, fill, size };
}

/** Adds the fields that were never opened. protobufjs writes an own `$unknowns` after the others. */
function withUnread<T extends object>({ unread }: { readonly unread?: Unread }, message: T): T {
  return unread === undefined ? message : Object.assign(message, { $unknowns: unread });
}

function graphMessage(graph: Graph): object {
  return withUnread(graph, {
    node: graph.nodes.map(nodeMessage),
    name: graph.name,
    input: graph.inputs.map(valueInfoMessage),
    output: graph.outputs.map(valueInfoMessage),
    valueInfo: graph.valueInfo.map(valueInfoMessage),
  });
}

function nodeMessage(node: Node): object {
  return withUnread(node, {
    input: node.inputs,
    output: node.outputs,
    name: node.name,
    opType: node.opType,
    ...(node.domain === '' ? {} : { domain: node.domain }),
    attribute: Array.from(node.attributes, ([name, attribute]) => attributeBytes(name, attribute)),
  });
}

function attributeBytes(name: string, attribute: Attribute): Uint8Array {
  if (attribute.type === 'other') return attribute.bytes;
  if (attribute.type === 'subgraph') {
    if (attribute.graph === undefined) return attribute.bytes;
    return attribute.bytes ?? subgraphBytes(name, attribute.graph);
  }
  if (attribute.whole !== undefined) return attribute.whole;
  const message = { name, type: ATTRIBUTE_TYPES[attribute.type], ...attributeFields(attribute) };
  return AttributeProto.encode(withUnread(attribute, message)).finish();
}

/** The largest int64 that a number holds: what is far away means "to the end", which it is as well. */
const MAX_HELD = 2 ** 63 - 2 ** 10;

const held = (value: number): number => Math.min(value, MAX_HELD);

function attributeFields(attribute: Exclude<Attribute, { type: 'other' | 'subgraph' }>): object {
  switch (attribute.type) {
    case 'float':
      return { f: attribute.value };
    case 'int':
      return { i: held(attribute.value) };
    case 'string':
      return { s: Buffer.from(attribute.value, 'utf8') };
    case 'tensor':
      return { t: tensorMessage(attribute.value) };
    case 'floats':
      return { floats: attribute.value };
    case 'ints':
      return { ints: attribute.value.map(held) };
    case 'strings':
      return { strings: attribute.value.map((text) => Buffer.from(text, 'utf8')) };
  }
}

/** A graph within a graph, its tensors included. */
function subgraphBytes(name: string, graph: Graph): Uint8Array {
  const initializer = Array.from(graph.initializers, ([own, tensor]) =>
    Object.assign(tensorMessage(tensor, tensor.unread), { name: own }),
  );
  const g = GraphProto.encode({ ...graphMessage(graph), initializer }).finish();
  return AttributeProto.encode({ name, type: ATTRIBUTE_TYPES.graph, g }).finish();
}

function tensorMessage({ dims, dtype, bytes }: Tensor, unread: Unread = []) {
  const message = { dims, dataType: DTYPES[dtype].onnx };
  if (dtype === 'string') return withUnread({ unread: [bytes(), ...unread] }, message);
  return withUnread({ unread }, { ...message, rawData: bytes() });
}

function valueInfoMessage(info: ValueInfo): object {
  const type = info.typeBytes ?? (info.type && typeBytes(info.type));
  return withUnread(info, { name: info.name, ...(type && { type }) });
}

function typeBytes({ dtype, shape }: DeclaredType): Uint8Array {
  const dim = shape?.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  const tensorType = { elemType: DTYPES[dtype].onnx, ...(dim && { shape: { dim } }) };
  return TypeProto.encode({ tensorType }).finish();
}
