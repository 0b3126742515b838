import { at } from './at.js';

/** FNV-1a, 32 bit. */
export function hashOf(text: string): number {
  return Buffer.from(text, 'utf8').reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);
}

/** Numbers in [0, 1) that look random and are the same for the same seed (a Weyl sequence through MurmurHash3's finaliser). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** The numbers below `count` in an order that looks random and is the same for the same seed (Fisher and Yates). */
export function permutation(count: number, seed: number): Uint32Array {
  const next = uniform(seed);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let end = count - 1; end > 0; end--) {
    const chosen = Math.floor(next() * (end + 1));
    [order[end], order[chosen]] = [at(order, chosen), at(order, end)];
  }
  return order;
}
