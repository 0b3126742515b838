/** Numbers that a seed decides (mulberry32). */
export class Random {
  #state: number;

  /** @param seeds anything; other ones give other numbers */
  constructor(...seeds: readonly (string | number)[]) {
    const text = seeds.join('\0');
    this.#state = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) {
      this.#state = Math.imul(this.#state ^ text.charCodeAt(i), 0x01000193);
    }
  }

  /** A whole number from 0 up to, and without, `count`. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  /** Whether something happens that does so once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new RangeError('nothing to pick from');
    return found;
  }
}

/** Numbers at which sizes, counts and places go wrong. */
export const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 127n, 128n, 255n, 256n, 65535n, 65536n],
  ...[2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n],
  ...[-1n, -2n, -(2n ** 31n)].map((value) => BigInt.asUintN(64, value)),
];
