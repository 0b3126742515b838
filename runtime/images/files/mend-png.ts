import { type Mended, readExif } from './exif.js';
import { crc32, isAncillary, type PngChunk, pngChunks, withoutChunks } from './formats.js';
import { DAMAGED_PROFILE, inflatedHeader, isProfile } from './icc.js';

/** Of the chunks that are damaged, how many are named. */
const MAX_NAMED = 4;

/** One that says that the file is an animation says so however damaged. */
const isDamaged = (chunk: PngChunk) =>
  isAncillary(chunk) && chunk.type !== 'acTL' && crc32(chunk.checked) !== chunk.crc;

/** PNG specification, 11.3.3.3: after a name of at most 79 characters, the method of compression and what is compressed. */
async function isDamagedProfile({ data }: PngChunk): Promise<boolean> {
  const nameEnd = data.subarray(0, 80).indexOf(0);
  return nameEnd < 0 || !isProfile(await inflatedHeader(data.subarray(nameEnd + 2)));
}

/** What is found in one pass over the chunks. @throws Error where the file's end is lacking */
function look(bytes: Uint8Array) {
  const damaged = new Set<string>();
  const first: Partial<Record<'eXIf' | 'iCCP', PngChunk>> = {};
  let last = '';
  for (const chunk of pngChunks(bytes)) {
    const { type } = chunk;
    last = type;
    if (isDamaged(chunk)) damaged.add(type);
    else if (type === 'eXIf' || type === 'iCCP') first[type] ??= chunk;
  }
  if (last !== 'IEND') throw new Error('it is truncated');
  return { damaged, exif: first.eXIf, profile: first.iCCP };
}

/**
 * Leaves out of a PNG file what is damaged beside its image data, as decoders do.
 * @throws Error where its end is lacking
 */
export async function mendPng(bytes: Uint8Array): Promise<Mended> {
  const { damaged, exif, profile } = look(bytes);
  const { orientation, problem } = readExif(exif?.data);
  const leftOut = new Set<string>();
  if (orientation !== 1 || problem !== undefined) leftOut.add('eXIf');
  if (profile !== undefined && (await isDamagedProfile(profile))) leftOut.add('iCCP');
  if (damaged.size + leftOut.size === 0) return { bytes, orientation, warnings: [] };
  const names = [...damaged].filter((type) => type !== 'iCCP');
  const named = [...names.slice(0, MAX_NAMED), ...(names.length > MAX_NAMED ? ['...'] : [])].join(', ');
  return {
    bytes: withoutChunks(bytes, (chunk) => leftOut.has(chunk.type) || isDamaged(chunk)),
    orientation,
    warnings: [
      ...(names.length > 0 ? [`chunks beside its image data are damaged and left out: ${named}`] : []),
      ...(problem === undefined ? [] : [problem]),
      ...(leftOut.has('iCCP') || damaged.has('iCCP') ? [DAMAGED_PROFILE] : []),
    ],
  };
}
