import { EDGES, type Random } from '../random.js';

/** Anything done to bytes, from `start` on, without knowing what they mean. */
export function mutateBytes(bytes: Uint8Array, random: Random, start = 0): Uint8Array {
  if (bytes.length <= start) return bytes;
  const at = () => start + random.below(bytes.length - start);
  const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
  const end = Math.min(to, from + 64);
  switch (random.below(8)) {
    case 0:
      return bytes.subarray(0, at());
    case 1:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(from)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]);
    case 3:
      return withNumber(bytes, at(), random.pick([1, 2, 4, 8]), random);
    default: {
      const changed = Uint8Array.from(bytes);
      for (let times = 1 + random.below(3); times > 0; times--) {
        const place = at();
        changed[place] = (changed[place] ?? 0) ^ (1 << random.below(8));
      }
      return changed;
    }
  }
}

/** A little-endian number, of `size` bytes where they are there, in place of others. */
export function withNumber(bytes: Uint8Array, at: number, size: number, random: Random): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const value = random.pick(EDGES);
  for (let i = 0; i < size && at + i < changed.length; i++)
    changed[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return changed;
}

/** An element taken out, put in twice, moved, or replaced by what `change` makes of it. */
export function mutateList<T>(
  list: readonly T[],
  random: Random,
  change: (element: T) => readonly T[],
): readonly T[] {
  if (list.length === 0) return list;
  const at = random.below(list.length);
  const element = random.pick(list.slice(at, at + 1));
  switch (random.below(6)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(random.below(list.length), 0, element);
    case 2:
      return list.toSpliced(at, 1).toSpliced(random.below(list.length), 0, element);
    default:
      return list.toSpliced(at, 1, ...change(element));
  }
}
