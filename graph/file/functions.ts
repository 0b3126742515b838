import { NmodeError } from '../common/errors.js';
import type { LocalFunction } from '../ir/model.js';
import { readAttributes } from './attribute.js';
import type { ReadBeside } from './external.js';
import { type NodeMessage, readNodes, subgraphReader } from './graph.js';
import { decode } from './message.js';
import { FunctionProto } from './schema.js';
import type { Int64 } from './tensor.js';

interface FunctionMessage {
  name?: string;
  domain?: string;
  overload?: string;
  input: string[];
  output: string[];
  attribute: string[];
  attributeProto: Uint8Array[];
  node: NodeMessage[];
  opsetImport: { domain?: string; version?: Int64 }[];
}

/** A function of a model, from the bytes of its FunctionProto. One that cannot be read is kept as they are. */
export function readFunction(bytes: Uint8Array, readBeside: ReadBeside): LocalFunction {
  const message = decode<FunctionMessage>(FunctionProto, bytes);
  const { name = '', domain = '', overload = '' } = message;
  try {
    return {
      bytes,
      ...{ name, domain, overload },
      body: {
        inputs: message.input,
        outputs: message.output,
        defaults: readAttributes(message.attributeProto, subgraphReader(readBeside)),
        nodes: readNodes(message.node, readBeside),
        opsets: new Map(
          message.opsetImport.map((entry) => [entry.domain ?? '', entry.version?.toNumber() ?? 0]),
        ),
      },
    };
  } catch (error) {
    if (error instanceof NmodeError) return { bytes, name, domain, overload };
    throw error;
  }
}
