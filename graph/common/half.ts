/** The largest finite half, and the smallest with all its digits: below it precision shrinks, and graphics cards may take zero. */
export const MAX_HALF = 65504;
export const MIN_HALF = 2 ** -14;

/** Whether a half is as near to a number as it is to others: neither too large nor too small, unless it is zero, infinity or none. */
export function isHeld(value: number): boolean {
  const magnitude = Math.abs(value);
  return !Number.isFinite(value) || value === 0 || (magnitude >= MIN_HALF && magnitude <= MAX_HALF);
}

/** float32 numbers as IEEE 754 binary16, rounded to nearest, ties to even; what is too large becomes infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  const words = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const halves = new Uint16Array(values.length);
  // A weight of a million elements is common: `Uint16Array.from` takes forty times as long.
  for (let index = 0; index < halves.length; index++)
    halves[index] = halfOf(words.getUint32(4 * index, true));
  return halves;
}

/** @param word the bits of a float32 */
function halfOf(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 halves are multiples of 2^-24.
  if (magnitude < 0x38800000) return sign | subnormalOf(magnitude);
  const exponentMoved = magnitude - 0x38000000;
  return sign | roundedShift(exponentMoved, 13);
}

function subnormalOf(magnitude: number): number {
  const shift = 126 - (magnitude >>> 23);
  return shift > 24 ? 0 : roundedShift((magnitude & 0x7fffff) | 0x800000, shift);
}

/** @param shift 1 to 24 */
function roundedShift(value: number, shift: number): number {
  const half = 1 << (shift - 1);
  const rest = value & (2 * half - 1);
  const floor = value >>> shift;
  return floor + Number(rest > half || (rest === half && floor % 2 === 1));
}

/** IEEE 754 binary16 to a number. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let table: Float32Array | undefined;

/** Numbers in half precision, given by their bits, as float32: looked up, since a step of training needs half a million of them. */
export function floatsOf(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromHalf(bits));
  const known = table;
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = known[halves[i] as number] as number;
  return floats;
}
