import { readFile, stat } from 'node:fs/promises';
import { MAX_MODEL_BYTES } from '../analysis/check.js';
import { badModel, reason } from '../common/errors.js';
import type { Model } from '../ir/model.js';
import { checkBudget } from './budget.js';
import type { ReadBeside } from './external.js';
import { opsetsOf, readFunction, readGraph } from './graph.js';
import { notAModel } from './not-a-model.js';
import { decode, type MessageOf, ModelProto, present, unreadOf } from './schema.js';
import { NOTHING_BESIDE } from './tensor.js';

/** The bytes of an .onnx file. @throws NmodeError (BAD_MODEL) where it cannot be read or is larger than 2 GiB; the signal's reason */
export async function readModelBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new Error('it is not a file');
    const { size } = stats;
    if (size > MAX_MODEL_BYTES)
      throw new RangeError(`${size} bytes are more than the 2 GiB of one ONNX file`);
    return await readFile(path, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw badModel(`${path}: cannot be read: ${reason(error)}`, { cause: error });
  }
}

/**
 * Reads a model from the bytes of an .onnx file; weights are views of them. `name` stands in messages.
 * @param readBeside reads weights that are in other files
 * @throws NmodeError (BAD_MODEL)
 */
export function parseModel(bytes: Uint8Array, name: string, readBeside = NOTHING_BESIDE): Model {
  try {
    checkBudget(bytes);
    return toModel(decode(ModelProto, bytes), readBeside);
  } catch (error) {
    throw notAModel(bytes, name, error);
  }
}

function toModel(message: MessageOf<typeof ModelProto>, readBeside: ReadBeside): Model {
  const graph = present(message, 'graph');
  if (graph === undefined || message.opsetImport.length === 0) {
    throw badModel('not an ONNX model: it holds no graph or imports no opset');
  }
  const metadata = message.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''] as const);
  const entries = [...message.opsetImport, ...message.metadataProps];
  const opsets = opsetsOf(message);
  const twice = opsets.size !== message.opsetImport.length || new Map(metadata).size !== metadata.length;
  if (twice || entries.some((entry) => unreadOf(entry).unread)) {
    throw badModel('its metadata or opset imports hold more than this version can keep');
  }
  const functions = message.functions.map((own) => readFunction(own, readBeside));
  return {
    irVersion: message.irVersion?.toNumber() ?? 0,
    producerName: message.producerName ?? '',
    producerVersion: message.producerVersion ?? '',
    opsets,
    metadata: new Map(metadata),
    graph: readGraph(graph, readBeside),
    ...(functions.length > 0 && { functions }),
    ...unreadOf(message),
  };
}
