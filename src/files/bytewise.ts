/** The place of a UTF-16 code unit in the order of code points: surrogates stand for those above all other units. */
const rank = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/**
 * Orders texts as the bytes of their UTF-8, as `LC_ALL=C sort` does: the same on every machine and in every locale.
 * @returns below 0 where `a` comes first, 0 where they are equal
 */
export function bytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}
