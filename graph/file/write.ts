import type { Attribute, Unread } from '../attribute.js';
import { DTYPES } from '../dtype.js';
import type { DeclaredType, Graph, Model, Node, ValueInfo } from '../model.js';
import type { Tensor } from '../tensor.js';
import { ATTRIBUTE_TYPES, AttributeProto, ModelProto, TypeProto } from './schema.js';

/** The bytes of an .onnx file. The same model gives the same bytes. */
export function encodeModel(model: Model): Uint8Array {
  return ModelProto.encode(
    withUnread(model, {
      irVersion: model.irVersion,
      producerName: model.producerName,
      producerVersion: model.producerVersion,
      graph: graphMessage(model.graph),
      opsetImport: Array.from(model.opsets, ([domain, version]) => ({ domain, version })),
      metadataProps: Array.from(model.metadata, ([key, value]) => ({ key, value })),
    }),
  ).finish();
}

/** Adds the fields that were never opened. protobufjs writes an own `$unknowns` after the others. */
function withUnread<T extends object>({ unread }: { readonly unread?: Unread }, message: T): T {
  return unread === undefined ? message : Object.assign(message, { $unknowns: unread });
}

function graphMessage(graph: Graph): object {
  return withUnread(graph, {
    node: graph.nodes.map(nodeMessage),
    name: graph.name,
    initializer: Array.from(graph.initializers, ([name, tensor]) =>
      withUnread(tensor, { ...tensorMessage(tensor), name }),
    ),
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
  const message = { name, type: ATTRIBUTE_TYPES[attribute.type], ...attributeFields(attribute) };
  return AttributeProto.encode(withUnread(attribute, message)).finish();
}

function attributeFields(attribute: Exclude<Attribute, { type: 'other' }>): object {
  switch (attribute.type) {
    case 'float':
      return { f: attribute.value };
    case 'int':
      return { i: attribute.value };
    case 'string':
      return { s: Buffer.from(attribute.value, 'utf8') };
    case 'tensor':
      return { t: tensorMessage(attribute.value) };
    case 'floats':
      return { floats: attribute.value };
    case 'ints':
      return { ints: attribute.value };
    case 'strings':
      return { strings: attribute.value.map((text) => Buffer.from(text, 'utf8')) };
  }
}

function tensorMessage({ dims, dtype, bytes }: Tensor) {
  return { dims, dataType: DTYPES[dtype].onnx, rawData: bytes() };
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
