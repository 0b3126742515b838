import { badUsage } from '../../../graph/common/errors.js';
import { DATATYPES, type Datatype, type InputTensor } from '../protocol/datatypes.js';
import { bytesField, numbersField, type ReadField, readFields } from './wire.js';

/** The field of InferTensorContents that has a type's numbers; none where they go as bytes only. */
const FIELD_OF: Readonly<Record<Datatype, number | undefined>> = {
  FP32: 6,
  UINT8: 4,
  UINT16: 4,
  FP16: undefined,
};

/**
 * The numbers of an input that are told one by one.
 * @param count of its shape
 * @throws NmodeError (BAD_USAGE) where there are more or fewer, they are in another type's field, or none fits
 */
export function typedNumbers(
  name: string,
  contents: Uint8Array,
  datatype: Datatype,
  count: number,
): InputTensor['data'] {
  const own = FIELD_OF[datatype];
  if (own === undefined)
    throw badUsage(`input '${name}' is ${datatype}, which goes as bytes only: use raw_input_contents`);
  const { array: Elements, most } = DATATYPES[datatype];
  // No memory is taken for what a shape tells and nobody sends.
  const numbers = new Elements(Math.min(count, contents.length));
  let at = 0;
  const take = (value: number) => {
    if (at >= count)
      throw badUsage(`input '${name}': its contents have more than the ${count} values of its shape`);
    if (value > most) throw badUsage(`input '${name}': a value of its contents is no ${datatype}`);
    numbers[at++] = value;
  };
  const read: ReadField =
    datatype === 'FP32'
      ? numbersField((reader) => take(reader.float()))
      : numbersField((reader) => take(reader.uint32()));
  const wrong: ReadField = () => {
    throw badUsage(`input '${name}' is ${datatype}: its contents are in the field of another type`);
  };
  const fields: Record<number, ReadField> = {};
  for (let id = 1; id <= 8; id++) fields[id] = id === own ? read : wrong;
  readFields(contents, `input '${name}': its contents cannot be read`, fields);
  if (at < count) throw badUsage(`input '${name}': its contents have ${at} values, expected ${count}`);
  return numbers;
}

/** Files of one image: more than any has channels. */
const MAX_FILES = 64;

function checkCount(files: readonly Uint8Array[]): void {
  if (files.length > MAX_FILES) throw badUsage(`input 'image' has more than ${MAX_FILES} files`);
}

/** Elements of BYTES in raw form: each behind its length in four bytes, the lowest first. @throws NmodeError (BAD_USAGE) */
export function rawFiles(raw: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const files: Uint8Array[] = [];
  for (let at = 0; at < raw.length; ) {
    const start = at + 4;
    const end = start <= raw.length ? start + view.getUint32(at, true) : start;
    if (end > raw.length) throw badUsage("input 'image' ends in the middle of an element");
    files.push(raw.subarray(start, end));
    checkCount(files);
    at = end;
  }
  return files;
}

/** Elements of BYTES one by one. @throws NmodeError (BAD_USAGE) */
export function typedFiles(contents: Uint8Array = new Uint8Array()): readonly Uint8Array[] {
  const files: Uint8Array[] = [];
  const field = bytesField((file) => {
    files.push(file);
    checkCount(files);
  });
  readFields(contents, "input 'image': its contents cannot be read", { 8: field });
  return files;
}
