import { latin1 } from './formats.js';

/** ICC.1:2022, 7.2: a profile's header, which begins with its whole size and holds this signature. */
const HEADER_BYTES = 128;
const [SIGNATURE, SIGNATURE_AT] = ['acsp', 36];

export const DAMAGED_PROFILE = 'its colour profile is damaged: its colours are taken as sRGB';

/**
 * Whether a colour profile can be one.
 * @param header its first bytes, or all of them
 * @param length of all of it, where that is known
 */
export function isProfile(header: Uint8Array, length?: number): boolean {
  if (header.length < HEADER_BYTES || latin1(header, SIGNATURE_AT, SIGNATURE_AT + 4) !== SIGNATURE)
    return false;
  const size = new DataView(header.buffer, header.byteOffset, header.length).getUint32(0);
  return size >= HEADER_BYTES && (length === undefined || size <= length);
}

/** The first bytes of a profile that is compressed (zlib); fewer where it is damaged. No more is decompressed. */
export async function inflatedHeader(deflated: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([deflated.slice()]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  const header = new Uint8Array(HEADER_BYTES);
  let filled = 0;
  try {
    while (filled < HEADER_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, HEADER_BYTES - filled);
      header.set(part, filled);
      filled += part.length;
    }
  } catch {
    // What came before is what there is.
  }
  await reader.cancel().catch(() => {});
  return header.subarray(0, filled);
}
