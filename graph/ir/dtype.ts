/** Those that arrays and checkpoints have as well. */
const COMMON = {
  float32: { onnx: 1, bytes: 4 },
  uint8: { onnx: 2, bytes: 1 },
  int8: { onnx: 3, bytes: 1 },
  uint16: { onnx: 4, bytes: 2 },
  int16: { onnx: 5, bytes: 2 },
  int32: { onnx: 6, bytes: 4 },
  int64: { onnx: 7, bytes: 8 },
  bool: { onnx: 9, bytes: 1 },
  float16: { onnx: 10, bytes: 2 },
  float64: { onnx: 11, bytes: 8 },
  uint32: { onnx: 12, bytes: 4 },
  uint64: { onnx: 13, bytes: 8 },
  complex64: { onnx: 14, bytes: 8 },
  complex128: { onnx: 15, bytes: 16 },
  bfloat16: { onnx: 16, bytes: 2 },
} as const;

/** Element types: numpy's names, ONNX's `TensorProto.DataType` codes, bytes an element. Several of less than a byte share one; of a string it is the least. */
export const DTYPES = {
  ...COMMON,
  string: { onnx: 8, bytes: 1 },
  float8e4m3fn: { onnx: 17, bytes: 1 },
  float8e4m3fnuz: { onnx: 18, bytes: 1 },
  float8e5m2: { onnx: 19, bytes: 1 },
  float8e5m2fnuz: { onnx: 20, bytes: 1 },
  uint4: { onnx: 21, bytes: 1 / 2 },
  int4: { onnx: 22, bytes: 1 / 2 },
  float4e2m1: { onnx: 23, bytes: 1 / 2 },
  float8e8m0: { onnx: 24, bytes: 1 },
  uint2: { onnx: 25, bytes: 1 / 4 },
  int2: { onnx: 26, bytes: 1 / 4 },
} as const;

export type DType = keyof typeof DTYPES;

/** Whether arrays and checkpoints call an element type so. */
export function isDType(name: string): name is keyof typeof COMMON {
  return Object.hasOwn(COMMON, name);
}

const byCode = new Map<number, DType>(
  Object.entries(DTYPES).map(([name, { onnx }]) => [onnx, name as DType]),
);

/** The dtype of an ONNX `TensorProto.DataType` code; undefined for one that ONNX does not have. */
export function dtypeOfCode(code: number): DType | undefined {
  return byCode.get(code);
}
