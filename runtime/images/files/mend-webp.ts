import { at } from '../../../graph/common/at.js';
import { type Mended, readExif } from './exif.js';
import { joined, latin1 } from './formats.js';
import { DAMAGED_PROFILE, isProfile } from './icc.js';

interface RiffChunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With its header, and the byte that makes its size even. */
  readonly whole: Uint8Array;
}

/** WebP Container Specification: where the chunks begin, and the flags of the first that tell what follows. */
const FIRST_CHUNK = 12;
const FLAGS = { ICCP: 0x20, EXIF: 0x08 } as const;
const FLAGS_AT = 8;

/** A still image has some five. */
const MAX_CHUNKS = 4096;

/** @throws Error for more chunks than any program writes */
function* riffChunks(bytes: Uint8Array): Generator<RiffChunk, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let start = FIRST_CHUNK, count = 0; start + 8 <= bytes.length; count++) {
    if (count === MAX_CHUNKS) throw new Error(`it has more than ${MAX_CHUNKS} chunks`);
    const size = view.getUint32(start + 4, true);
    const end = start + 8 + size + (size % 2);
    if (start + 8 + size > bytes.length) return;
    yield {
      type: latin1(bytes, start, start + 4),
      data: bytes.subarray(start + 8, start + 8 + size),
      whole: bytes.subarray(start, end),
    };
    start = end;
  }
}

/** Takes EXIF data, and a colour profile that is none, out of a WebP file: some browsers turn by the one, others do not. */
export function mendWebp(bytes: Uint8Array): Mended {
  const untouched: Mended = { bytes, orientation: 1, warnings: [] };
  if (bytes.length < FIRST_CHUNK + 8) return untouched;
  const riffEnd = 8 + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(4, true);
  // Cut short: the decoder says so.
  if (riffEnd > bytes.length) return untouched;
  const chunks = [...riffChunks(bytes.subarray(0, riffEnd))];
  if (chunks[0]?.type !== 'VP8X') return untouched;
  const [exif, profile] = ['EXIF', 'ICCP'].map((name) => chunks.find(({ type }) => type === name));
  const { orientation, problem } = readExif(exif?.data);
  const badProfile = profile !== undefined && !isProfile(profile.data, profile.data.length);
  const leftOut: (keyof typeof FLAGS)[] = orientation === 1 && problem === undefined ? [] : ['EXIF'];
  if (badProfile) leftOut.push('ICCP');
  if (leftOut.length === 0) return untouched;
  const kept = chunks.filter(({ type }) => !leftOut.some((name) => name === type)).map(({ whole }) => whole);
  const mended = joined([bytes.subarray(0, FIRST_CHUNK), ...kept]);
  new DataView(mended.buffer).setUint32(4, mended.length - 8, true);
  const flags = FIRST_CHUNK + FLAGS_AT;
  mended[flags] = leftOut.reduce((value, type) => value & ~FLAGS[type], at(mended, flags));
  const warnings = [...(problem === undefined ? [] : [problem]), ...(badProfile ? [DAMAGED_PROFILE] : [])];
  return { bytes: mended, orientation, warnings };
}
