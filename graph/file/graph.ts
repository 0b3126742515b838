import { badModel, reason, unlessRefused } from '../common/errors.js';
import type { Attributes } from '../ir/attribute.js';
import { dtypeOfCode } from '../ir/dtype.js';
import {
  type DeclaredType,
  type FunctionBody,
  type Graph,
  type Initializer,
  type LocalFunction,
  type Node,
  nodeName,
  type ValueInfo,
} from '../ir/model.js';
import { type Context, readAttributes } from './attribute.js';
import type { ReadBeside } from './external.js';
import { inOrder } from './order.js';
import {
  decode,
  FunctionProto,
  GraphProto,
  type MessageOf,
  type ModelProto,
  type NodeProto,
  present,
  TypeProto,
  unreadOf,
  type ValueInfoProto,
} from './schema.js';
import { readSparseInitializer } from './sparse.js';
import { readTensor } from './tensor.js';

type NodeMessage = MessageOf<typeof NodeProto>;

/**
 * Reads a graph, its nodes in the order in which they can run.
 * @param readBeside reads tensors that are in other files
 * @throws NmodeError (BAD_MODEL) where a tensor or an attribute cannot be read, or two initializers have one name
 */
export function readGraph(message: MessageOf<typeof GraphProto>, readBeside: ReadBeside): Graph {
  const initializers = new Map<string, Initializer>();
  const add = (name: string, tensor: Initializer) => {
    if (initializers.has(name)) throw badModel(`initializer '${name}' is stored twice`);
    initializers.set(name, tensor);
  };
  for (const tensor of message.initializer) {
    add(tensor.name ?? '', { ...readTensor(tensor, readBeside), ...unreadOf(tensor) });
  }
  for (const bytes of message.sparseInitializer) {
    const { name, ...tensor } = readSparseInitializer(bytes, readBeside);
    add(name, tensor);
  }
  return {
    name: message.name ?? '',
    nodes: inOrder(readNodes(message.node, readBeside)),
    inputs: message.input.map(toValueInfo),
    outputs: message.output.map(toValueInfo),
    valueInfo: message.valueInfo.map(toValueInfo),
    initializers,
    ...unreadOf(message),
  };
}

function readNodes(messages: readonly NodeMessage[], readBeside: ReadBeside): readonly Node[] {
  return messages.map((message) => ({
    name: message.name ?? '',
    opType: message.opType ?? '',
    // 'ai.onnx' is another name of the default domain.
    domain: message.domain === 'ai.onnx' ? '' : (message.domain ?? ''),
    inputs: message.input,
    outputs: message.output,
    attributes: attributesOf(message, readBeside),
    ...unreadOf(message),
  }));
}

/** What attributes are read with. */
const subgraphReader = (readBeside: ReadBeside): Context => ({
  readBeside,
  readGraph: (bytes, beside) => readGraph(decode(GraphProto, bytes), beside),
});

function attributesOf(
  { name = '', opType = '', output: outputs, attribute }: NodeMessage,
  readBeside: ReadBeside,
): Attributes {
  try {
    return readAttributes(attribute, subgraphReader(readBeside));
  } catch (error) {
    throw badModel(`node '${nodeName({ name, outputs })}' (${opType}): ${reason(error)}`, {
      cause: error,
    });
  }
}

function toValueInfo(message: MessageOf<typeof ValueInfoProto>): ValueInfo {
  const name = message.name ?? '';
  const typeBytes = present(message, 'type');
  if (typeBytes === undefined) return { name, ...unreadOf(message) };
  const type = declaredType(decode(TypeProto, typeBytes));
  return { name, ...(type && { type }), typeBytes, ...unreadOf(message) };
}

function declaredType({ tensorType }: MessageOf<typeof TypeProto>): DeclaredType | undefined {
  const dtype = dtypeOfCode(tensorType?.elemType ?? 0);
  if (dtype === undefined) return undefined;
  const shape = tensorType?.shape?.dim.map(
    (dim) => present(dim, 'dimValue')?.toNumber() ?? present(dim, 'dimParam') ?? '',
  );
  return { dtype, ...(shape && { shape }) };
}

/** A function of a model, from the bytes of its FunctionProto. One that cannot be read is kept as they are. */
export function readFunction(bytes: Uint8Array, readBeside: ReadBeside): LocalFunction {
  const message = decode(FunctionProto, bytes);
  const { name = '', domain = '', overload = '' } = message;
  const read = (): FunctionBody => ({
    inputs: message.input,
    outputs: message.output,
    defaults: readAttributes(message.attributeProto, subgraphReader(readBeside)),
    nodes: readNodes(message.node, readBeside),
    opsets: opsetsOf(message),
  });
  const body = unlessRefused(read, undefined);
  return { bytes, name, domain, overload, ...(body && { body }) };
}

/** The version by the domain of operators that a model or a function imports. */
export const opsetsOf = ({ opsetImport }: Pick<MessageOf<typeof ModelProto>, 'opsetImport'>) =>
  new Map(opsetImport.map(({ domain, version }) => [domain ?? '', version?.toNumber() ?? 0]));
