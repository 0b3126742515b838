import { NmodeError, reason } from '../common/errors.js';

/** The fields of onnx.proto's ModelProto by their numbers, with the wire types that they are written with. */
const WIRE_TYPES: Readonly<Record<number, number>> = {
  ...{ 1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2 },
};
const VARINT = 0;

/** What is wrong with bytes that could not be read as a model: they may be the beginning of one. @param name what messages call them */
export function notAModel(bytes: Uint8Array, name: string, error: unknown): NmodeError {
  if (error instanceof NmodeError)
    return new NmodeError('BAD_MODEL', `${name}: ${error.message}`, { cause: error });
  const missing = missingBytes(bytes);
  const problem =
    missing === undefined
      ? `not an ONNX file (${reason(error)})`
      : `truncated: at least ${missing} bytes are missing at its end: copy or download it again`;
  return new NmodeError('BAD_MODEL', `${name}: ${problem}`, { cause: error });
}

/** How many bytes more a field would have that begins before the end; undefined for what does not begin as a model, and for a whole one. */
function missingBytes(bytes: Uint8Array): number | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const isFirst = at === 0;
    const tag = varint();
    const id = Math.floor(tag / 8);
    // The version, which every exporter writes, comes first.
    if (WIRE_TYPES[id] !== tag % 8 || (isFirst && id !== 1)) return undefined;
    const value = varint();
    if (tag % 8 !== VARINT) at += value;
  }
  return at > bytes.length ? at - bytes.length : undefined;
}
