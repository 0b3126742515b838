import { badUsage } from '../../../graph/common/errors.js';
import { DATATYPES, type Datatype, type InputTensor } from '../protocol/datatypes.js';
import { numbersField, type ReadField, readFields } from './wire.js';

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
