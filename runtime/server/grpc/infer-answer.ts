import protobuf from 'protobufjs/light.js';
import type { FloatOutputs } from '../../sessions/tensors.js';
import type { TensorRequest } from '../admission/call.js';
import { bytesOfTexts, classify } from '../protocol/classification.js';

/** Fields of ModelInferResponse, of its outputs and of their contents. */
const [NAME, VERSION, ID, OUTPUTS, RAW] = [1, 2, 3, 5, 6];
const [OUTPUT_NAME, DATATYPE, SHAPE, CONTENTS] = [1, 2, 3, 5];
const FP32_CONTENTS = 6;

const LENGTH_DELIMITED = 2;
const tag = (field: number) => (field << 3) | LENGTH_DELIMITED;

/** The head of a field of bytes that follow. */
const headOf = (field: number, length: number) =>
  protobuf.Writer.create().uint32(tag(field)).uint32(length).finish();

/** An output as it is sent. */
interface AnswerTensor {
  readonly output: string;
  readonly datatype: 'FP32' | 'UINT8' | 'BYTES';
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * @param names of the classes, where they are known
 * @throws NmodeError (BAD_USAGE) for classes of an output that has none
 */
export function tensorsOf(
  outputs: FloatOutputs,
  { outputs: wanted, classes }: TensorRequest,
  names: readonly string[] | undefined,
): readonly AnswerTensor[] {
  return (wanted ?? Object.keys(outputs)).flatMap((output): AnswerTensor[] => {
    const tensor = outputs[output];
    if (tensor === undefined) return [];
    const count = classes?.get(output);
    if (count !== undefined) {
      const { dims, texts } = classify(output, tensor, count, names);
      return [{ output, datatype: 'BYTES', dims, bytes: bytesOfTexts(texts) }];
    }
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return [{ output, datatype: 'FP32', dims: tensor.dims, bytes }];
  });
}

/**
 * A ModelInferResponse in parts, of which the tensors are views: packed numbers are the bytes of the tensor, as raw ones are.
 * @param isRaw whether tensors go as bytes behind the outputs, else, of FP32 alone, as numbers within each
 */
export function inferAnswer(
  { name, version, id }: Readonly<Record<'name' | 'version' | 'id', string>>,
  tensors: readonly AnswerTensor[],
  isRaw: boolean,
): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  const writer = protobuf.Writer.create().uint32(tag(NAME)).string(name).uint32(tag(VERSION)).string(version);
  if (id !== '') writer.uint32(tag(ID)).string(id);
  parts.push(writer.finish());
  for (const { output, datatype, dims, bytes } of tensors) {
    const entry = protobuf.Writer.create().uint32(tag(OUTPUT_NAME)).string(output);
    entry.uint32(tag(DATATYPE)).string(datatype).uint32(tag(SHAPE)).fork();
    for (const size of dims) entry.int64(size);
    const head = entry.ldelim().finish();
    if (isRaw) {
      parts.push(headOf(OUTPUTS, head.length), head);
      continue;
    }
    const numbers = headOf(FP32_CONTENTS, bytes.length);
    const contents = headOf(CONTENTS, numbers.length + bytes.length);
    const length = head.length + contents.length + numbers.length + bytes.length;
    parts.push(headOf(OUTPUTS, length), head, contents, numbers, bytes);
  }
  if (isRaw) for (const { bytes } of tensors) parts.push(headOf(RAW, bytes.length), bytes);
  return parts;
}
