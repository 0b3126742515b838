import protobuf from 'protobufjs/light.js';
import { badModel } from '../common/errors.js';

/**
 * Fields that a model may hold beside the elements of its tensors, packed numbers counted one by one. Decoded, each takes a hundred times the two bytes it can
 * take in a file; a network of ten thousand nodes has a quarter of this.
 */
const MAX_FIELDS = 1_000_000;

/** Graphs are read within each other; networks have a branch in a loop. */
const MAX_DEPTH = 16;

/** A kind of message: the fields that hold messages to count in, and those that hold packed numbers. */
interface Shape {
  readonly parts?: Readonly<Record<number, Shape>>;
  readonly packed?: readonly number[];
}

const TENSOR: Shape = { packed: [1] };
// A type is opened later on; its sizes take a few bytes each.
const VALUE_INFO: Shape = { packed: [2] };
const SPARSE: Shape = { parts: { 1: TENSOR, 2: TENSOR }, packed: [3] };
const GRAPH: Shape = {
  parts: {
    ...{ 5: TENSOR, 11: VALUE_INFO, 12: VALUE_INFO, 13: VALUE_INFO, 15: SPARSE },
    // The nodes of a branch or a loop are those of a graph.
    get 1() {
      return NODE;
    },
  },
};
const ATTRIBUTE: Shape = { parts: { 5: TENSOR, 6: GRAPH, 11: GRAPH, 22: SPARSE }, packed: [7, 8] };
const NODE: Shape = { parts: { 5: ATTRIBUTE } };
const FUNCTION: Shape = { parts: { 7: NODE, 11: ATTRIBUTE } };
const MODEL: Shape = { parts: { 7: GRAPH, 25: FUNCTION } };

const LENGTH_DELIMITED = 2;

/**
 * Counts the fields of a model without decoding it.
 * @throws NmodeError (BAD_MODEL) where there are more than a model needs; RangeError where the bytes are no protobuf
 */
export function checkBudget(bytes: Uint8Array): void {
  count(protobuf.Reader.create(bytes), bytes.length, MODEL, 0, 0);
}

function count(reader: protobuf.Reader, end: number, shape: Shape, before: number, depth: number): number {
  if (depth > MAX_DEPTH) throw badModel(`it holds graphs within each other, more than ${MAX_DEPTH}`);
  let fields = before;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [id, wireType] = [tag >>> 3, tag & 7];
    if (++fields > MAX_FIELDS) {
      throw badModel(`it has more than ${MAX_FIELDS} fields, no more are read`);
    }
    if (wireType !== LENGTH_DELIMITED) {
      reader.skipType(wireType);
      continue;
    }
    const length = reader.uint32();
    const part = shape.parts?.[id];
    if (part !== undefined) {
      fields = count(reader, reader.pos + length, part, fields, depth + Number(part === GRAPH));
    } else {
      reader.skip(length);
      if (shape.packed?.includes(id)) fields += length >> 1;
    }
  }
  return fields;
}
