import { at } from '../../graph/common/at.js';
import type { Floats, PlainInputs } from './tensors.js';

/** Of a request without inputs, or of scalars. */
const ONE_ROW = 1;

/** Images of a request: the first dimension of its inputs, which all have the same. */
export function rowsOf(inputs: PlainInputs): number {
  return Object.values(inputs)[0]?.dims[0] ?? ONE_ROW;
}

/** Tensors under one another, along their first axis. @throws RangeError where there are none, and for scalars */
export function concatenate(parts: readonly Floats[]): Floats;
export function concatenate(parts: readonly PlainInputs[string][]): PlainInputs[string];
export function concatenate(parts: readonly PlainInputs[string][]): PlainInputs[string] {
  const first = at(parts, 0);
  const rows = parts.reduce((sum, { dims }) => sum + at(dims, 0), 0);
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const data = emptyLike(first.data, length);
  let filled = 0;
  for (const part of parts) {
    data.set(part.data, filled);
    filled += part.data.length;
  }
  return { dims: [rows, ...first.dims.slice(1)], data } as PlainInputs[string];
}

function emptyLike(data: PlainInputs[string]['data'], length: number) {
  if (data instanceof Float32Array) return new Float32Array(length);
  return data instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
}
