import { parseDecimal } from '../common/decimal.js';
import { badModel } from '../common/errors.js';
import { DTYPES, type DType, dtypeOfCode } from '../ir/dtype.js';
import { byteLength, elementCount, type Tensor } from '../ir/tensor.js';
import type { ExternalData, ReadBeside } from './external.js';
import { type MessageOf, present, TensorProto } from './schema.js';

export type TensorMessage = MessageOf<typeof TensorProto>;

const EXTERNAL = 1;

/** Whether the elements of a tensor are in another file. */
export const isExternal = ({ dataLocation }: TensorMessage): boolean => dataLocation === EXTERNAL;

/** A model of bytes alone has no folder. */
export const NOTHING_BESIDE: ReadBeside = (tensor, { location }) => {
  throw badModel(
    `tensor '${tensor}' is stored in another file, '${location}': give the path of the model, or save it as one file`,
  );
};

/**
 * A TensorProto as a tensor, whichever of the typed fields, or which other file, holds its elements.
 * @throws NmodeError (BAD_MODEL) for element types and storage that cannot be held, and where sizes disagree
 */
export function readTensor(message: TensorMessage, readBeside = NOTHING_BESIDE): Tensor {
  const name = message.name ?? 'constant';
  const code = message.dataType ?? 0;
  const dtype = dtypeOfCode(code);
  if (dtype === undefined) {
    throw badModel(`tensor '${name}' has element type ${code}, which is not supported`);
  }
  const dims = message.dims.map((dim) => dim.toNumber());
  const expected = byteLength(dtype, dims);
  if (dims.some((dim) => dim < 0) || !Number.isSafeInteger(expected)) {
    throw badModel(`tensor '${name}' has impossible sizes [${dims}]`);
  }
  if (dtype === 'string') return stringsOf(name, dims, message);
  if (isExternal(message)) return { dtype, dims, ...readBeside(name, externalData(message, name, expected)) };
  const bytes = present(message, 'rawData') ?? typedData(dtype, message);
  if (bytes.length !== expected) {
    throw badModel(`tensor '${name}' takes ${expected} bytes, found ${bytes.length}`);
  }
  return { dtype, dims, bytes: () => bytes };
}

/** @throws NmodeError (BAD_MODEL) where there are not as many as the sizes say */
function stringsOf(name: string, dims: readonly number[], { stringData }: TensorMessage): Tensor {
  const expected = elementCount(dims);
  if (stringData.length !== expected) {
    throw badModel(`tensor '${name}' holds ${expected} strings, found ${stringData.length}`);
  }
  return stringTensor(dims, stringData);
}

/** Texts, each in UTF-8. */
export function stringTensor(dims: readonly number[], texts: readonly Uint8Array[]): Tensor {
  return { dtype: 'string', dims, bytes: () => TensorProto.encode({ stringData: texts }).finish() };
}

/** @throws NmodeError (BAD_MODEL) where a number is none, or the length another than the tensor takes */
function externalData({ externalData }: TensorMessage, tensor: string, expected: number): ExternalData {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const numberOf = (key: string, otherwise: number) => {
    const text = entries.get(key) ?? String(otherwise);
    const value = parseDecimal(text);
    if (Number.isSafeInteger(value) && value !== undefined && value >= 0) return value;
    throw badModel(`tensor '${tensor}' is stored in another file, at the impossible ${key} '${text}'`);
  };
  const length = numberOf('length', expected);
  if (length !== expected) {
    throw badModel(`tensor '${tensor}' takes ${expected} bytes, its file has ${length} for it`);
  }
  return { location: entries.get('location') ?? '', offset: numberOf('offset', 0), length };
}

/** The elements of the packed fields. Which field holds which type: onnx.proto, TensorProto. */
function typedData(dtype: DType, message: TensorMessage): Uint8Array {
  const packed = (field: `${'float' | 'double' | 'int32' | 'int64' | 'uint64'}Data`) =>
    present(message, field) ?? new Uint8Array();
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return packed('floatData');
    case 'float64':
    case 'complex128':
      return packed('doubleData');
    case 'int64':
      return fromVarints(packed('int64Data'), 8);
    case 'uint64':
    case 'uint32':
      return fromVarints(packed('uint64Data'), DTYPES[dtype].bytes);
    default:
      // Elements that share a byte are given as one number.
      return fromVarints(packed('int32Data'), Math.max(1, DTYPES[dtype].bytes));
  }
}

/** Varints as little-endian whole numbers of `size` bytes: two's complement, so that cutting keeps the value. */
function fromVarints(packed: Uint8Array, size: number): Uint8Array {
  let count = 0;
  for (const byte of packed) if (byte < 0x80) count++;
  const result = new Uint8Array(count * size);
  let [at, bit] = [0, 0];
  for (const byte of packed) {
    // Seven bits reach over at most two bytes.
    const bits = (byte & 0x7f) << (bit & 7);
    const place = bit >> 3;
    if (place < size) result[at + place] = (result[at + place] as number) | (bits & 0xff);
    if (place + 1 < size) result[at + place + 1] = (result[at + place + 1] as number) | (bits >> 8);
    bit += 7;
    if (byte < 0x80) [at, bit] = [at + size, 0];
  }
  return result;
}
