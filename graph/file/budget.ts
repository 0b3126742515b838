import protobuf from 'protobufjs/light.js';

/**
 * Fields that a model may hold beside the elements of its tensors. Decoded, each takes a hundred times the two bytes it can
 * take in a file; a network of ten thousand nodes has a quarter of this.
 */
const MAX_FIELDS = 1_000_000;

/** Messages that are opened here: field numbers of their parts, and of elements that take no object each. */
interface Shape {
  readonly parts?: Readonly<Record<number, Shape>>;
  /** Length-delimited fields that stay bytes. */
  readonly bytes?: readonly number[];
}

const TENSOR: Shape = { bytes: [4, 5, 7, 8, 9, 10, 11] };
const ATTRIBUTE: Shape = { parts: { 5: TENSOR }, bytes: [1, 4, 9] };
const NODE: Shape = { parts: { 5: ATTRIBUTE }, bytes: [1, 2, 3, 4, 7] };
const VALUE_INFO: Shape = { bytes: [1] };
const GRAPH: Shape = {
  parts: { 1: NODE, 5: TENSOR, 11: VALUE_INFO, 12: VALUE_INFO, 13: VALUE_INFO },
  bytes: [2],
};
const MODEL: Shape = { parts: { 7: GRAPH }, bytes: [2, 3, 8, 14] };

const LENGTH_DELIMITED = 2;

/**
 * Counts the fields of a model without decoding it.
 * @throws RangeError where there are more than a model needs, or where the bytes are no protobuf
 */
export function checkBudget(bytes: Uint8Array): void {
  count(protobuf.Reader.create(bytes), bytes.length, MODEL, 0);
}

function count(reader: protobuf.Reader, end: number, shape: Shape, before: number): number {
  let fields = before;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [id, wireType] = [tag >>> 3, tag & 7];
    if (++fields > MAX_FIELDS) throw new RangeError(`more than ${MAX_FIELDS} fields`);
    if (wireType !== LENGTH_DELIMITED) {
      reader.skipType(wireType);
      continue;
    }
    const length = reader.uint32();
    const part = shape.parts?.[id];
    if (part !== undefined) {
      fields = count(reader, reader.pos + length, part, fields);
    } else {
      reader.skip(length);
      // What is packed or not known here may hold a number a byte, or a field in every two.
      if (!shape.bytes?.includes(id)) fields += length >> 1;
    }
  }
  return fields;
}
