/** Protobuf's encoding, taken apart field by field: for messages of which not everything may become an object. */
import protobuf from 'protobufjs/light.js';
import { badUsage, NmodeError, reason } from '../../../graph/common/errors.js';

const [VARINT, FIXED64, LENGTH_DELIMITED, FIXED32] = [0, 1, 2, 5];

/** Reads a field of a wire type; false where it is not of that type, and is to be skipped. */
export type ReadField = (reader: protobuf.Reader, wireType: number) => boolean;

/**
 * Reads the fields of a message by their numbers; others are skipped.
 * @throws RangeError, Error where the bytes are no message
 */
export function eachField(bytes: Uint8Array, fields: Readonly<Record<number, ReadField>>): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    if (!fields[tag >>> 3]?.(reader, wireType)) skip(reader, wireType);
  }
}

/**
 * As `eachField`, of what a client sent.
 * @param problem what is wrong where they cannot be read
 * @throws NmodeError (BAD_USAGE)
 */
export function readFields(
  bytes: Uint8Array,
  problem: string,
  fields: Readonly<Record<number, ReadField>>,
): void {
  try {
    eachField(bytes, fields);
  } catch (error) {
    throw error instanceof NmodeError ? error : badUsage(`${problem}: ${reason(error)}`, { cause: error });
  }
}

/** Groups, which no interface here has and which nest without end, are not skipped. */
function skip(reader: protobuf.Reader, wireType: number): void {
  if (wireType !== VARINT && wireType !== FIXED64 && wireType !== LENGTH_DELIMITED && wireType !== FIXED32)
    throw new RangeError(`wire type ${wireType}`);
  reader.skipType(wireType);
}

/** A field of bytes, given as a view of the message. */
export const bytesField =
  (take: (bytes: Uint8Array) => void): ReadField =>
  (reader, wireType) => {
    if (wireType !== LENGTH_DELIMITED) return false;
    take(reader.bytes());
    return true;
  };

export const textField = (take: (text: string) => void) =>
  bytesField((bytes) => take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()));

/** A field of text that is kept under a key. */
export const textInto = <K extends string>(kept: Record<K, string | undefined>, key: K) =>
  textField((text) => {
    kept[key] = text;
  });

/** A field of numbers, one by one or packed. @param read one of them */
export const numbersField =
  (read: (reader: protobuf.Reader) => void): ReadField =>
  (reader, wireType) => {
    const end = wireType === LENGTH_DELIMITED ? reader.uint32() + reader.pos : reader.pos;
    if (end > reader.len) throw new RangeError('packed numbers beyond the end');
    do if (end > reader.pos || wireType !== LENGTH_DELIMITED) read(reader);
    while (reader.pos < end);
    return true;
  };
