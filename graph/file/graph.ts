import { NmodeError, reason } from '../common/errors.js';
import type { Attributes } from '../ir/attribute.js';
import { dtypeOfCode } from '../ir/dtype.js';
import {
  type DeclaredType,
  type Graph,
  type Initializer,
  type Node,
  nodeName,
  type ValueInfo,
} from '../ir/model.js';
import { type Context, readAttributes } from './attribute.js';
import type { ReadBeside } from './external.js';
import { decode, present, unreadOf } from './message.js';
import { inOrder } from './order.js';
import { GraphProto, TypeProto } from './schema.js';
import { readSparseInitializer } from './sparse.js';
import { type Int64, readTensor, type TensorMessage } from './tensor.js';

export interface GraphMessage {
  node: NodeMessage[];
  name?: string;
  initializer: TensorMessage[];
  input: ValueInfoMessage[];
  output: ValueInfoMessage[];
  valueInfo: ValueInfoMessage[];
  sparseInitializer: Uint8Array[];
}

export interface NodeMessage {
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

interface TypeMessage {
  tensorType?: { elemType?: number; shape?: { dim: { dimValue?: Int64; dimParam?: string }[] } };
}

/**
 * Reads a graph, its nodes in the order in which they can run.
 * @param readBeside reads tensors that are in other files
 * @throws NmodeError (BAD_MODEL) where a tensor or an attribute cannot be read, or two initializers have one name
 */
export function readGraph(message: GraphMessage, readBeside: ReadBeside): Graph {
  const initializers = new Map<string, Initializer>();
  const add = (name: string, tensor: Initializer) => {
    if (initializers.has(name)) throw new NmodeError('BAD_MODEL', `initializer '${name}' is stored twice`);
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

export const readNodes = (messages: readonly NodeMessage[], readBeside: ReadBeside): readonly Node[] =>
  messages.map((message) => toNode(message, readBeside));

/** What attributes are read with. */
export const subgraphReader = (readBeside: ReadBeside): Context => ({
  readBeside,
  readGraph: (bytes, beside) => readGraph(decode<GraphMessage>(GraphProto, bytes), beside),
});

function toNode(message: NodeMessage, readBeside: ReadBeside): Node {
  return {
    name: message.name ?? '',
    opType: message.opType ?? '',
    // 'ai.onnx' is another name of the default domain.
    domain: message.domain === 'ai.onnx' ? '' : (message.domain ?? ''),
    inputs: message.input,
    outputs: message.output,
    attributes: attributesOf(message, readBeside),
    ...unreadOf(message),
  };
}

function attributesOf(
  { name = '', opType = '', output: outputs, attribute }: NodeMessage,
  readBeside: ReadBeside,
): Attributes {
  try {
    return readAttributes(attribute, subgraphReader(readBeside));
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `node '${nodeName({ name, outputs })}' (${opType}): ${reason(error)}`, {
      cause: error,
    });
  }
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
