import protobuf from 'protobufjs/light.js';
import type { Outputs } from '../../sessions/tensors.js';

/** Fields of ModelInferResponse, of its outputs and of their contents. */
const [NAME, VERSION, ID, OUTPUTS, RAW] = [1, 2, 3, 5, 6];
const [OUTPUT_NAME, DATATYPE, SHAPE, CONTENTS] = [1, 2, 3, 5];
const FP32_CONTENTS = 6;

const LENGTH_DELIMITED = 2;
const tag = (field: number) => (field << 3) | LENGTH_DELIMITED;

/** The head of a field of bytes that follow. */
const headOf = (field: number, length: number) =>
  protobuf.Writer.create().uint32(tag(field)).uint32(length).finish();

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

export interface AnswerHead {
  readonly name: string;
  readonly version: string;
  readonly id: string;
}

/**
 * A ModelInferResponse in parts, of which the tensors are views: packed numbers are the bytes of the tensor, as raw ones are.
 * @param wanted outputs in their order; all where nothing is said
 * @param isRaw whether tensors go as bytes behind the outputs, else as numbers within each
 */
export function inferAnswer(
  { name, version, id }: AnswerHead,
  outputs: Outputs,
  wanted: readonly string[] | undefined,
  isRaw: boolean,
): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  const writer = protobuf.Writer.create().uint32(tag(NAME)).string(name).uint32(tag(VERSION)).string(version);
  if (id !== '') writer.uint32(tag(ID)).string(id);
  parts.push(writer.finish());
  const tensors = (wanted ?? Object.keys(outputs)).flatMap((output) => {
    const tensor = outputs[output];
    return tensor === undefined ? [] : [{ output, ...tensor }];
  });
  for (const { output, dims, data } of tensors) {
    const entry = protobuf.Writer.create().uint32(tag(OUTPUT_NAME)).string(output);
    entry.uint32(tag(DATATYPE)).string('FP32').uint32(tag(SHAPE)).fork();
    for (const size of dims) entry.int64(size);
    const head = entry.ldelim().finish();
    if (isRaw) {
      parts.push(headOf(OUTPUTS, head.length), head);
      continue;
    }
    const numbers = headOf(FP32_CONTENTS, data.byteLength);
    const contents = headOf(CONTENTS, numbers.length + data.byteLength);
    const length = head.length + contents.length + numbers.length + data.byteLength;
    parts.push(headOf(OUTPUTS, length), head, contents, numbers, bytesOf(data));
  }
  if (isRaw) for (const { data } of tensors) parts.push(headOf(RAW, data.byteLength), bytesOf(data));
  return parts;
}
