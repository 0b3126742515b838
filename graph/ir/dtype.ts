/** Element types: numpy's names, ONNX's `TensorProto.DataType` codes, bytes an element. */
export const DTYPES = {
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

export type DType = keyof typeof DTYPES;

export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}

const byCode = new Map<number, DType>(
  Object.entries(DTYPES).map(([name, { onnx }]) => [onnx, name as DType]),
);

/** The dtype of an ONNX `TensorProto.DataType` code; undefined for those not held here (strings, 4 and 8 bit). */
export function dtypeOfCode(code: number): DType | undefined {
  return byCode.get(code);
}
