import { badModel } from '../common/errors.js';
import { dtypeOfCode } from '../ir/dtype.js';
import type { Outline } from '../ir/model.js';
import { type Link, outputActivation } from '../ir/output-activation.js';
import { notAModel } from './not-a-model.js';

/**
 * Reads what a model takes, gives and says of itself, without the rest and without a protobuf library: a browser hands
 * the file itself to onnxruntime. Field numbers are those of onnx.proto.
 * @param name stands in messages
 * @param outputName the output that is to come first, where there is one of that name
 * @throws NmodeError (BAD_MODEL) for what is no ONNX file, or half of one
 */
export function readOutline(bytes: Uint8Array, name: string, outputName?: string): Outline {
  try {
    return outlineFrom(bytes, outputName);
  } catch (error) {
    throw notAModel(bytes, name, error);
  }
}

function outlineFrom(model: Uint8Array, outputName: string | undefined): Outline {
  const [graph] = messages(model, 7);
  if (graph === undefined || messages(model, 8).length === 0) {
    throw new Error('it holds no graph or imports no opset');
  }
  const metadata = messages(model, 14).map((entry) => [text(entry, 1), text(entry, 2)] as const);
  // Those that are stored sparsely go by the name of their values.
  const tensors = [...messages(graph, 5), ...messages(graph, 15).flatMap((sparse) => messages(sparse, 1))];
  const initializers = new Set(tensors.map((tensor) => text(tensor, 8)));
  const inputs = messages(graph, 11).map(port);
  const given = messages(graph, 12).map(port);
  const isChosen = ({ name }: Outline['outputs'][number]) => name === outputName;
  const outputs = [...given.filter(isChosen), ...given.filter((output) => !isChosen(output))];
  return {
    inputs: inputs.filter((input) => !initializers.has(input.name)),
    outputs,
    metadata: new Map(metadata),
    activation: outputActivation(messages(graph, 1).map(link), outputs[0]?.name ?? ''),
  };
}

/** NodeProto: the names that it reads and gives, and its operator. */
function link(node: Uint8Array): Link {
  const texts: Record<number, string[]> = { 1: [], 2: [], 4: [] };
  for (const { id, value } of fieldsOf(node)) {
    if (value instanceof Uint8Array) texts[id]?.push(utf8.decode(value));
  }
  const { 1: inputs = [], 2: outputs = [], 4: types = [] } = texts;
  return { inputs, outputs, opType: types.at(-1) ?? '' };
}

const utf8 = new TextDecoder();

/** ValueInfoProto: a name, and a type that is looked into where it is a tensor's. */
function port(value: Uint8Array): Outline['inputs'][number] {
  const name = text(value, 1);
  const [tensor] = messages(value, 2).flatMap((type) => messages(type, 1));
  if (tensor === undefined) return { name };
  const dtype = dtypeOfCode(number(tensor, 1) ?? 0);
  if (dtype === undefined) return { name };
  const [shape] = messages(tensor, 2);
  if (shape === undefined) return { name, type: { dtype } };
  return { name, type: { dtype, shape: messages(shape, 1).map((dim) => number(dim, 1) ?? text(dim, 2)) } };
}

/** Strings and messages. */
const LENGTH_DELIMITED = 2;
const VARINT = 0;
/** Bytes of the wire types of a fixed size. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Of one message: far more than the nodes and weights of any network. */
const MAX_FIELDS = 1_000_000;

interface Field {
  readonly id: number;
  readonly value: Uint8Array | number;
}

/**
 * The fields of a message (protobuf encoding, "Message structure").
 * @throws RangeError where the bytes end in the middle of one, or are no protobuf; NmodeError (BAD_MODEL) for too many
 */
function* fieldsOf(message: Uint8Array): Generator<Field, void, undefined> {
  let at = 0;
  let count = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('it ends in the middle of a number');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
    throw new RangeError('a number of more than 10 bytes');
  };
  const take = (length: number): Uint8Array => {
    if (length < 0 || at + length > message.length) throw new RangeError('it ends in the middle of a field');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const [id, wireType] = [Math.floor(tag / 8), tag % 8];
    const size = FIXED[wireType];
    if (++count > MAX_FIELDS) {
      throw badModel(`a message of more than ${MAX_FIELDS} fields, no more are read`);
    }
    if (id === 0) throw new RangeError('a field of number 0');
    if (wireType === VARINT) yield { id, value: varint() };
    else if (wireType === LENGTH_DELIMITED) yield { id, value: take(varint()) };
    else if (size !== undefined) take(size);
    else throw new RangeError(`a field of wire type ${wireType}`);
  }
}

/** What a field holds, as often as it is there. */
function valuesOf(message: Uint8Array, id: number): readonly Field['value'][] {
  const values: Field['value'][] = [];
  for (const field of fieldsOf(message)) if (field.id === id) values.push(field.value);
  return values;
}

const messages = (message: Uint8Array, id: number): readonly Uint8Array[] =>
  valuesOf(message, id).filter((value) => value instanceof Uint8Array);

function text(message: Uint8Array, id: number): string {
  const last = messages(message, id).at(-1);
  return last === undefined ? '' : utf8.decode(last);
}

/** An int64 or an enum; undefined where it is absent. */
const number = (message: Uint8Array, id: number): number | undefined =>
  valuesOf(message, id).findLast((value) => typeof value === 'number');
