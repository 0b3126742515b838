import { type DType, dtypeOfCode } from '../dtype.js';
import { NmodeError } from '../errors.js';
import { byteLength, type Tensor } from '../tensor.js';

/** protobufjs gives int64 as Long objects. */
export interface Int64 {
  toNumber(): number;
  toString(): string;
}

export interface TensorMessage {
  dims: Int64[];
  dataType?: number;
  name?: string;
  rawData?: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: Int64[];
  doubleData: number[];
  uint64Data: Int64[];
  dataLocation?: number;
}

const EXTERNAL = 1;

/**
 * A TensorProto as a tensor, whichever of the typed fields holds its elements.
 * @throws NmodeError (BAD_MODEL) for element types and storage that cannot be held, and where sizes disagree
 */
export function readTensor(message: TensorMessage): Tensor {
  const name = message.name ?? 'constant';
  const dtype = dtypeOfCode(message.dataType ?? 0);
  if (dtype === undefined) {
    throw new NmodeError(
      'BAD_MODEL',
      `tensor '${name}' has element type ${message.dataType}, which is not supported`,
    );
  }
  if (message.dataLocation === EXTERNAL) {
    throw new NmodeError(
      'BAD_MODEL',
      `tensor '${name}' is stored in another file: save the model as one file`,
    );
  }
  const dims = message.dims.map((dim) => dim.toNumber());
  const expected = byteLength(dtype, dims);
  if (dims.some((dim) => dim < 0) || !Number.isSafeInteger(expected)) {
    throw new NmodeError('BAD_MODEL', `tensor '${name}' has impossible sizes [${dims}]`);
  }
  const raw = Object.hasOwn(message, 'rawData') ? message.rawData : undefined;
  const bytes = raw ?? typedData(dtype, message);
  if (bytes.length !== expected) {
    throw new NmodeError('BAD_MODEL', `tensor '${name}' takes ${expected} bytes, found ${bytes.length}`);
  }
  return { dtype, dims, bytes: () => bytes };
}

/** The elements of the repeated fields, packed. Which field holds which type: onnx.proto, TensorProto. */
function typedData(dtype: DType, message: TensorMessage): Uint8Array {
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return view(Float32Array.from(message.floatData));
    case 'float64':
    case 'complex128':
      return view(Float64Array.from(message.doubleData));
    case 'int64':
      return view(BigInt64Array.from(message.int64Data, (value) => BigInt(value.toString())));
    case 'uint64':
      return view(BigUint64Array.from(message.uint64Data, (value) => BigInt(value.toString())));
    case 'uint32':
      return view(Uint32Array.from(message.uint64Data, (value) => value.toNumber()));
    case 'int32':
      return view(Int32Array.from(message.int32Data));
    case 'int16':
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return view(Uint16Array.from(message.int32Data));
    case 'int8':
    case 'uint8':
    case 'bool':
      return view(Uint8Array.from(message.int32Data));
  }
}

function view({ buffer }: { buffer: ArrayBufferLike }): Uint8Array {
  return new Uint8Array(buffer);
}
