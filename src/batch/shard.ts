import { createHash, type Hash } from 'node:crypto';

/** One of the parts that a list of files is split into: file k of the sorted list belongs to shard k mod `count`. */
export interface Shard {
  /** From 0 on. */
  readonly index: number;
  readonly count: number;
}

export const shardText = ({ index, count }: Shard): string => `${index}/${count}`;

/** What of a sorted list belongs to a shard. */
export const partOf = <T>(list: readonly T[], { index, count }: Shard): readonly T[] =>
  list.filter((_, position) => position % count === index);

/** How many of a list belong to a shard. */
export const sizeOf = ({ index, count }: Shard, length: number): number =>
  Math.ceil(Math.max(0, length - index) / count);

/** The hash of a list of paths: SHA-256 of all of them, each ended by a zero byte, as `sort -z | sha256sum` has it. */
export class ListHash {
  readonly #hash: Hash = createHash('sha256');

  add(path: string): this {
    this.#hash.update(`${path}\0`);
    return this;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
