import { EDGES, type Random } from '../random.js';
import { mutateBytes, mutateList } from './bytes.js';

/** A field as it stands in a message: its number and wire type, and a number, bytes, or fields. */
interface Field {
  readonly id: number;
  readonly wire: number;
  readonly value: bigint | Uint8Array | readonly Field[];
}

/** Which fields of a message are messages themselves. */
interface Schema {
  readonly [id: number]: () => Schema;
}

const LEAF: Schema = {};
const leaf = () => LEAF;
const TENSOR = leaf;
const TYPE = () => ({ 1: () => ({ 2: () => ({ 1: leaf }) }) });
const VALUE_INFO = () => ({ 2: TYPE });
const ATTRIBUTE = () => ({ 5: TENSOR, 6: GRAPH });
const GRAPH = (): Schema => ({
  1: () => ({ 5: ATTRIBUTE }),
  5: TENSOR,
  11: VALUE_INFO,
  12: VALUE_INFO,
  13: VALUE_INFO,
});
/** ModelProto of onnx.proto. */
const MODEL: Schema = { 7: GRAPH, 8: leaf, 14: leaf };

const PARAMETER = () => ({ 2: leaf });

/** ModelInferRequest of grpc_service.proto. */
const REQUEST: Schema = {
  4: PARAMETER,
  5: () => ({ 4: PARAMETER, 5: leaf }),
  6: () => ({ 2: PARAMETER }),
};

/** Changes some fields of an ONNX model, lengths around them put right; once in eight times its bytes instead. */
export const mutateModel = (bytes: Uint8Array, random: Random) => mutateMessage(bytes, MODEL, random);

/** As `mutateModel`, of a request over gRPC. */
export const mutateRequest = (bytes: Uint8Array, random: Random) => mutateMessage(bytes, REQUEST, random);

function mutateMessage(bytes: Uint8Array, schema: Schema, random: Random): Uint8Array {
  if (random.once(8)) return mutateBytes(bytes, random);
  let fields = decoded(bytes, schema);
  for (let times = 1 + random.below(3); times > 0; times--) fields = mutateFields(fields, random);
  return encode(fields, random);
}

/** Of the few that are changed again and again. */
const known = new WeakMap<Uint8Array, readonly Field[]>();

function decoded(bytes: Uint8Array, schema: Schema): readonly Field[] {
  const fields = known.get(bytes) ?? decode(bytes, schema);
  known.set(bytes, fields);
  return fields;
}

function mutateFields(fields: readonly Field[], random: Random): readonly Field[] {
  // Into a message, mostly: there is more to find.
  const nested = fields.filter(({ value }) => Array.isArray(value));
  if (nested.length > 0 && !random.once(6)) {
    const chosen = random.pick(nested);
    return fields.map((field) =>
      field === chosen ? { ...field, value: mutateFields(field.value as readonly Field[], random) } : field,
    );
  }
  return mutateList(fields, random, (field) => [changed(field, fields, random)]);
}

function changed(field: Field, others: readonly Field[], random: Random): Field {
  if (typeof field.value === 'bigint') return { ...field, value: random.pick(EDGES) };
  if (random.once(4)) return { ...field, id: random.pick(others).id };
  if (field.value instanceof Uint8Array) {
    const bytes = others.filter(({ value }) => value instanceof Uint8Array);
    return { ...field, value: random.once(2) ? random.pick(bytes).value : mutateBytes(field.value, random) };
  }
  return { ...field, value: random.pick(others).value };
}

function decode(bytes: Uint8Array, schema: Schema): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [id, wire] = [tag >> 3, tag & 7];
    if (wire === 0) {
      fields.push({ id, wire, value: varint() });
      continue;
    }
    const length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : 4;
    const part = bytes.subarray(at, at + length);
    const inner = wire === 2 ? schema[id] : undefined;
    fields.push({ id, wire, value: inner ? decode(part, inner()) : part });
    at += length;
  }
  return fields;
}

function encode(fields: readonly Field[], random: Random): Buffer {
  return Buffer.concat(
    fields.flatMap(({ id, wire, value }) => {
      const kind = typeof value === 'bigint' ? 0 : Array.isArray(value) ? 2 : wire === 0 ? 2 : wire;
      const tag = encodeVarint(BigInt((id << 3) | kind));
      if (typeof value === 'bigint') return [tag, encodeVarint(value)];
      const body = value instanceof Uint8Array ? value : encode(value, random);
      // A length that lies, now and then.
      const told = random.once(2000) ? random.pick(EDGES) : BigInt(body.length);
      return kind === 2 ? [tag, encodeVarint(told), body] : [tag, body];
    }),
  );
}

function encodeVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const more = rest > 127n ? 128 : 0;
    bytes.push(Number(rest & 127n) | more);
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
