import { float32Values, type Tensor } from '../../graph/ir/tensor.js';

/** The header is filled up with spaces to a multiple of this, so that numbers begin where typed arrays may. */
const ALIGNMENT = 8;

/**
 * The bytes of a .safetensors file of float32 tensors, which PyTorch (`safetensors.torch.load_file`) and this package read: header length,
 * JSON header, data (the format's README). The same tensors in the same order give the same bytes.
 * @param metadata the format's free field: texts by name
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const entries = [...tensors].map(([name, tensor]) => {
    const bytes = float32Values(tensor).byteLength;
    const offsets = [end, end + bytes];
    end += bytes;
    return [name, { dtype: 'F32', shape: tensor.dims, data_offsets: offsets }] as const;
  });
  const described = { ...(metadata && { __metadata__: metadata }), ...Object.fromEntries(entries) };
  const json = Buffer.from(JSON.stringify(described), 'utf8');
  const header = Buffer.alloc(Math.ceil(json.length / ALIGNMENT) * ALIGNMENT, ' ');
  json.copy(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...[...tensors.values()].map((tensor) => tensor.bytes())]);
}
