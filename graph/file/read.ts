import { readFile, stat } from 'node:fs/promises';
import { MAX_MODEL_BYTES } from '../analysis/check.js';
import { NmodeError, reason } from '../common/errors.js';
import type { Attributes } from '../ir/attribute.js';
import { dtypeOfCode } from '../ir/dtype.js';
import type { DeclaredType, Graph, Model, Node, ValueInfo } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import { readAttributes } from './attribute.js';
import { checkBudget } from './budget.js';
import { decode, present, unreadOf } from './message.js';
import { ModelProto, TypeProto } from './schema.js';
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

interface TypeMessage {
  tensorType?: { elemType?: number; shape?: { dim: { dimValue?: Int64; dimParam?: string }[] } };
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
    attributes: attributesOf(message),
    ...unreadOf(message),
  };
}

function attributesOf({ name = '', opType = '', attribute }: NodeMessage): Attributes {
  try {
    return readAttributes(attribute);
  } catch (error) {
    throw new NmodeError('BAD_MODEL', `node '${name}' (${opType}): ${reason(error)}`, { cause: error });
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
