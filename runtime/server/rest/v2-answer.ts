import { badUsage } from '../../../graph/common/errors.js';
import type { FloatOutputs, Floats } from '../../sessions/tensors.js';
import { bytesOfTexts, classify } from '../protocol/classification.js';
import type { InferRequest } from './v2.js';

/** An answer: JSON alone, or JSON of a length that is told and the bytes of tensors. */
export interface InferAnswer {
  readonly body: Buffer;
  readonly jsonLength: number | undefined;
}

/** What writes the numbers of an answer, and takes note of the bytes that it and they take. */
export interface NumberWriter {
  /** The text of numbers as JSON has them in a list, without its brackets; undefined where one is not finite. */
  write(data: Floats['data']): Promise<Uint8Array | undefined>;
  hold(bytes: number): void;
}

/** The model that answers. */
export interface AnsweringModel {
  readonly name: string;
  readonly version: string;
  /** What its classes are called, where that is known. */
  readonly names?: readonly string[] | undefined;
}

/** Numbers that are written at a time: in between, others are served, and whoever left is noticed. */
const SLICE = 2 ** 16;

/** @throws NmodeError: BAD_USAGE where JSON is asked for and cannot tell the values; what the writer throws */
export async function writeInferAnswer(
  { name, version, names }: AnsweringModel,
  { id, outputs: wanted, classes, binary }: InferRequest,
  outputs: FloatOutputs,
  writer: NumberWriter,
): Promise<InferAnswer> {
  // They are there until the last is written, however long each waits for its turn.
  for (const { data } of Object.values(outputs)) writer.hold(data.byteLength);
  const parts: Uint8Array[] = [];
  const add = (bytes: Uint8Array) => {
    writer.hold(bytes.length);
    parts.push(bytes);
  };
  const blobs: Buffer[] = [];
  const head = { ...(id !== undefined && { id }), model_name: name, model_version: version };
  add(Buffer.from(`${openObject(head)},"outputs":[`));
  for (const [index, output] of (wanted ?? Object.keys(outputs)).entries()) {
    const tensor = outputs[output];
    if (tensor === undefined) continue;
    const { dims, data } = tensor;
    const count = classes?.get(output);
    if (count !== undefined) {
      const { dims, texts } = classify(output, tensor, count, names);
      const blob = (binary.own.get(output) ?? binary.others) ? bytesOfTexts(texts) : undefined;
      const data = blob === undefined ? { data: texts } : { parameters: { binary_data_size: blob.length } };
      const entry = { name: output, datatype: 'BYTES', shape: dims, ...data };
      if (blob !== undefined) blobs.push(blob);
      add(Buffer.from((index > 0 ? ',' : '') + JSON.stringify(entry)));
      continue;
    }
    const comma = index > 0 ? ',' : '';
    const entry = { name: output, datatype: 'FP32', shape: dims };
    if (binary.own.get(output) ?? binary.others) {
      blobs.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      const parameters = { binary_data_size: data.byteLength };
      add(Buffer.from(comma + JSON.stringify({ ...entry, parameters })));
      continue;
    }
    add(Buffer.from(`${comma}${openObject(entry)},"data":[`));
    for (let start = 0; start < data.length; start += SLICE) {
      if (start > 0) add(Buffer.from(','));
      const text = await writer.write(data.subarray(start, start + SLICE));
      if (text === undefined) throw notFinite(output);
      add(text);
    }
    add(Buffer.from(']}'));
  }
  add(Buffer.from(']}'));
  const jsonLength = parts.reduce((sum, { length }) => sum + length, 0);
  const body = Buffer.concat([...parts, ...blobs]);
  return { body, jsonLength: blobs.length === 0 ? undefined : jsonLength };
}

/** The JSON of an object that goes on. */
function openObject(fields: object): string {
  return JSON.stringify(fields).slice(0, -1);
}

function notFinite(output: string) {
  return badUsage(
    `output '${output}' has infinite or NaN values, which JSON cannot represent: request it with "binary_data": true`,
  );
}
