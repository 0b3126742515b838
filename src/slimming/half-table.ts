import { fromHalf } from '../../exporters/checkpoints/float32.js';

let table: Float32Array | undefined;

/** Numbers in half precision, given by their bits, as float32: looked up, since a step needs half a million of them. */
export function floatsOf(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromHalf(bits));
  const known = table;
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = known[halves[i] as number] as number;
  return floats;
}
