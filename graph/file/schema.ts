import protobuf from 'protobufjs/light.js';
import type { Unread } from '../ir/attribute.js';

/** protobufjs gives int64 as Long objects. */
export interface Int64 {
  toNumber(): number;
  toString(): string;
}

/** What fields of a simple type hold. */
interface Scalars {
  readonly string: string;
  readonly bytes: Uint8Array;
  readonly float: number;
  readonly int32: number;
  readonly int64: Int64;
}

/** A message as it is decoded. */
interface MessageType<Message> {
  readonly name: string;
  encode(message: object): protobuf.Writer;
  decode(reader: protobuf.Reader): Message;
}

/** What a type decodes to. */
export type MessageOf<Type> = Type extends MessageType<infer Message> ? Message : never;

/** Fields by their names; of those that are repeated a message has a list, which may be empty. */
type Fields = Readonly<
  Record<string, readonly [id: number, type: keyof Scalars | MessageType<unknown>, rule?: 'repeated']>
>;
type Held<Type> = Type extends keyof Scalars ? Scalars[Type] : MessageOf<Type>;
type Repeated<Of extends Fields> = {
  [Name in keyof Of]: Of[Name][2] extends 'repeated' ? Name : never;
}[keyof Of];
type Decoded<Of extends Fields> = { [Name in Repeated<Of>]: Held<Of[Name][1]>[] } & {
  [Name in Exclude<keyof Of, Repeated<Of>>]?: Held<Of[Name][1]>;
};

/**
 * The part of onnx.proto (field numbers of ONNX 1.10 and all later versions) that this package interprets. Every other
 * field is unknown to the decoder, which keeps its bytes; they are written back untouched.
 */
function message<const Of extends Fields>(name: string, fields: Of): MessageType<Decoded<Of>> {
  const type = new protobuf.Type(name);
  for (const [field, [id, kind, rule]] of Object.entries<Fields[string]>(fields)) {
    type.add(new protobuf.Field(field, id, typeof kind === 'string' ? kind : kind.name, rule));
  }
  onnx.add(type);
  return compiledApart(type) as MessageType<Decoded<Of>>;
}

/** Decodes a message; fields that the schema does not name are kept beside it. @throws where the bytes are no protobuf */
export function decode<Message>(type: MessageType<Message>, bytes: Uint8Array): Message {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  return type.decode(reader);
}

/** Fields that the schema does not name, as protobufjs keeps them beside a decoded message. */
export function unreadOf(message: object): { unread?: Unread } {
  const fields = (message as { $unknowns?: Unread }).$unknowns;
  return fields === undefined ? {} : { unread: fields };
}

/** A field that the file holds; protobufjs would give an absent one its default. */
export function present<T extends object, K extends keyof T>(message: T, field: K): T[K] | undefined {
  return Object.hasOwn(message, field) ? message[field] : undefined;
}

/** Compiles each of a type's functions when it is first called: protobufjs compiles all five then, and an export needs one. */
function compiledApart(type: protobuf.Type): protobuf.Type {
  const compiled = (generate: (type: protobuf.Type) => protobuf.Codegen) => {
    const types = type.fieldsArray.map((field) => field.resolve().resolvedType);
    const { Reader, Writer, util } = protobuf;
    return generate(type)({ Reader, Writer, util, types, C: type.ctor });
  };
  type.encode = (...args) => {
    Object.assign(type, { encode: compiled(protobuf.encoder) });
    return type.encode(...args);
  };
  type.decode = (...args) => {
    Object.assign(type, { decode: compiled(protobuf.decoder) });
    return type.decode(...args);
  };
  return type;
}

/** Fields that are written by hand, since weights would otherwise be copied into ever larger buffers. */
export const FIELD_IDS = {
  modelGraph: 7,
  graphInitializer: 5,
  graphSparseInitializer: 15,
  tensorStringData: 6,
  tensorRawData: 9,
} as const;

const onnx = new protobuf.Root();

const OperatorSetIdProto = message('OperatorSetIdProto', { domain: [1, 'string'], version: [2, 'int64'] });
const StringStringEntryProto = message('StringStringEntryProto', {
  key: [1, 'string'],
  value: [2, 'string'],
});

// Packed lists of numbers stay bytes: decoded one by one they would take twenty times their size.
export const TensorProto = message('TensorProto', {
  dims: [1, 'int64', 'repeated'],
  dataType: [2, 'int32'],
  floatData: [4, 'bytes'],
  int32Data: [5, 'bytes'],
  stringData: [FIELD_IDS.tensorStringData, 'bytes', 'repeated'],
  int64Data: [7, 'bytes'],
  name: [8, 'string'],
  rawData: [FIELD_IDS.tensorRawData, 'bytes'],
  doubleData: [10, 'bytes'],
  uint64Data: [11, 'bytes'],
  externalData: [13, StringStringEntryProto, 'repeated'],
  dataLocation: [14, 'int32'],
});

// Opened on its own, so that a weight that stays is written back as it was.
export const SparseTensorProto = message('SparseTensorProto', {
  values: [1, TensorProto],
  indices: [2, TensorProto],
  dims: [3, 'int64', 'repeated'],
});

export const AttributeProto = message('AttributeProto', {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int64'],
  s: [4, 'bytes'],
  t: [5, TensorProto],
  g: [6, 'bytes'],
  floats: [7, 'float', 'repeated'],
  ints: [8, 'int64', 'repeated'],
  strings: [9, 'bytes', 'repeated'],
  graphs: [11, 'bytes', 'repeated'],
  type: [20, 'int32'],
  refAttrName: [21, 'string'],
  sparseTensor: [22, SparseTensorProto],
});

/** AttributeProto.AttributeType of the types that are read, and of those that hold graphs. */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  graphs: 10,
  sparseTensor: 11,
} as const;

// An attribute is opened on its own, so that one of a kind not known here can be written back whole.
export const NodeProto = message('NodeProto', {
  input: [1, 'string', 'repeated'],
  output: [2, 'string', 'repeated'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, 'bytes', 'repeated'],
  domain: [7, 'string'],
});

const DimensionProto = message('DimensionProto', { dimValue: [1, 'int64'], dimParam: [2, 'string'] });
const TensorShapeProto = message('TensorShapeProto', { dim: [1, DimensionProto, 'repeated'] });
const TensorTypeProto = message('TensorTypeProto', { elemType: [1, 'int32'], shape: [2, TensorShapeProto] });
export const TypeProto = message('TypeProto', { tensorType: [1, TensorTypeProto] });

// `type` stays bytes: a TypeProto is read beside it and written back as it was.
export const ValueInfoProto = message('ValueInfoProto', { name: [1, 'string'], type: [2, 'bytes'] });

export const GraphProto = message('GraphProto', {
  node: [1, NodeProto, 'repeated'],
  name: [2, 'string'],
  initializer: [FIELD_IDS.graphInitializer, TensorProto, 'repeated'],
  input: [11, ValueInfoProto, 'repeated'],
  output: [12, ValueInfoProto, 'repeated'],
  valueInfo: [13, ValueInfoProto, 'repeated'],
  sparseInitializer: [FIELD_IDS.graphSparseInitializer, 'bytes', 'repeated'],
});

// Opened on its own, as attributes are.
export const FunctionProto = message('FunctionProto', {
  name: [1, 'string'],
  input: [4, 'string', 'repeated'],
  output: [5, 'string', 'repeated'],
  attribute: [6, 'string', 'repeated'],
  node: [7, NodeProto, 'repeated'],
  opsetImport: [9, OperatorSetIdProto, 'repeated'],
  domain: [10, 'string'],
  attributeProto: [11, 'bytes', 'repeated'],
  overload: [13, 'string'],
});

export const ModelProto = message('ModelProto', {
  irVersion: [1, 'int64'],
  producerName: [2, 'string'],
  producerVersion: [3, 'string'],
  graph: [FIELD_IDS.modelGraph, GraphProto],
  opsetImport: [8, OperatorSetIdProto, 'repeated'],
  metadataProps: [14, StringStringEntryProto, 'repeated'],
  functions: [25, 'bytes', 'repeated'],
});

onnx.resolveAll();
