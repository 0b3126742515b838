import { badUsage } from '../../../graph/common/errors.js';
import type { FloatOutputs, Floats } from '../../sessions/tensors.js';
import { bytesOfTexts, classify } from '../protocol/classification.js';
import type { InferRequest } from './v2.js';

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

/**
 * @returns JSON alone, or JSON of a length that is told and the bytes of tensors
 * @throws NmodeError: BAD_USAGE where JSON is asked for and cannot tell the values; what the writer throws
 */
export async function writeInferAnswer(
  { name, version, names }: AnsweringModel,
  { id, outputs: wanted, classes, binary }: InferRequest,
  outputs: FloatOutputs,
  writer: NumberWriter,
): Promise<{ readonly body: Buffer; readonly jsonLength: number | undefined }> {
  // They are there until the last is written, however long each waits for its turn.
  for (const { data } of Object.values(outputs)) writer.hold(data.byteLength);
  const parts: Uint8Array[] = [];
  const add = (bytes: Uint8Array) => {
    writer.hold(bytes.length);
    parts.push(bytes);
  };
  const addText = (text: string) => add(Buffer.from(text));
  const blobs: Buffer[] = [];
  const head = { ...(id !== undefined && { id }), model_name: name, model_version: version };
  addText(`${openObject(head)},"outputs":[`);
  for (const [index, output] of (wanted ?? Object.keys(outputs)).entries()) {
    const tensor = outputs[output];
    if (tensor === undefined) continue;
    const { data } = tensor;
    const count = classes?.get(output);
    const best = count === undefined ? undefined : classify(output, tensor, count, names);
    const entry = { name: output, datatype: best ? 'BYTES' : 'FP32', shape: (best ?? tensor).dims };
    if (index > 0) addText(',');
    if (binary.own.get(output) ?? binary.others) {
      const blob = best
        ? bytesOfTexts(best.texts)
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      blobs.push(blob);
      addText(JSON.stringify({ ...entry, parameters: { binary_data_size: blob.length } }));
      continue;
    }
    if (best !== undefined) {
      addText(JSON.stringify({ ...entry, data: best.texts }));
      continue;
    }
    addText(`${openObject(entry)},"data":[`);
    for (let start = 0; start < data.length; start += SLICE) {
      if (start > 0) addText(',');
      const text = await writer.write(data.subarray(start, start + SLICE));
      if (text === undefined) throw notFinite(output);
      add(text);
    }
    addText(']}');
  }
  addText(']}');
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
