import { crc32, deflateRawSync } from 'node:zlib';
import { type Entry, zip } from '../../support/craft.js';
import type { Random } from '../random.js';
import { mutateBytes, withNumber } from './bytes.js';

export type Entries = Readonly<Record<string, Uint8Array>>;

/** A zip of entries, one of which `change` makes another of, its CRC put right; or with a field of its directory changed. */
export function mutateZip(
  entries: Entries,
  random: Random,
  change: (name: string, data: Uint8Array) => Uint8Array,
): Uint8Array {
  const names = Object.keys(entries);
  const chosen = random.pick(names);
  const changed: Record<string, Uint8Array | Entry> = {};
  for (const [name, data] of Object.entries(entries)) {
    if (name === chosen && random.once(10)) continue;
    changed[name] = packed(name === chosen ? change(name, data) : data, random);
  }
  const file = zip(changed);
  if (random.once(3)) return inDirectory(file, random);
  return random.once(12) ? mutateBytes(file, random, 4) : file;
}

/** Stored, as torch.save does; now and then deflated, as numpy.savez_compressed does. */
function packed(data: Uint8Array, random: Random): Uint8Array | Entry {
  if (!random.once(6)) return data;
  return { data: deflateRawSync(data), size: data.length, method: 8, crc: crc32(data) };
}

const DIRECTORY = 'PK\x01\x02';
const END = 'PK\x05\x06';
/** Offsets and sizes of the numbers behind a signature (APPNOTE, 4.3.12 and 4.3.16). */
const FIELDS = {
  [DIRECTORY]: [8, 10, 16, 20, 24, 28, 30, 32, 42],
  [END]: [4, 8, 10, 12, 16, 20],
} as const;

function inDirectory(file: Buffer, random: Random): Uint8Array {
  const signature = random.pick([DIRECTORY, DIRECTORY, DIRECTORY, END] as const);
  const places: number[] = [];
  for (
    let at = file.indexOf(signature, 0, 'latin1');
    at >= 0;
    at = file.indexOf(signature, at + 1, 'latin1')
  ) {
    places.push(at);
  }
  const field = random.pick<number>(FIELDS[signature]);
  return withNumber(file, random.pick(places) + field, field < 16 ? 2 : 4, random);
}
