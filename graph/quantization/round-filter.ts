import { floatAt } from '../common/at.js';

/**
 * Rounds the values of one filter to whole numbers such that the sum of each kernel is off by a half at most, and then that of the whole
 * filter (SQuant, Guo et al., ICLR 2022): neighbours have nearly the same value, so errors of weights that add up to
 * nothing hardly change what the filter gives.
 * @param values [channels x kernel]
 * @param kernel elements of the kernel of one channel
 */
export function roundFilter(values: Float32Array, kernel: number): Float32Array {
  const rounded = values.map(Math.round);
  const errors = rounded.map((whole, index) => whole - floatAt(values, index));
  const ofChannel = (channel: number) => errors.subarray(channel * kernel, (channel + 1) * kernel);
  /** Rounds elements of a kernel the other way, to the next best whole number. */
  const turn = (channel: number, sign: number, count: number) => {
    for (const element of furthest(ofChannel(channel), sign, count)) {
      const index = channel * kernel + element;
      rounded[index] = floatAt(rounded, index) - sign;
      errors[index] = floatAt(errors, index) - sign;
    }
  };
  const sums = new Float32Array(values.length / kernel);
  for (let channel = 0; channel < sums.length; channel++) {
    const sum = sumOf(ofChannel(channel));
    const count = turnsFor(sum);
    turn(channel, Math.sign(sum), count);
    sums[channel] = sum - count * Math.sign(sum);
  }
  const sum = sumOf(sums);
  for (const channel of furthest(sums, Math.sign(sum), turnsFor(sum))) turn(channel, Math.sign(sum), 1);
  return rounded;
}

/** How many elements have to be rounded the other way until a sum of errors is a half at most. */
const turnsFor = (sum: number) => Math.ceil(Math.abs(sum) - 0.5);

/** Where the largest errors of a sign are. */
function furthest(errors: Float32Array, sign: number, count: number): readonly number[] {
  if (count > 1) {
    const places = Array.from(errors.keys());
    return places.sort((a, b) => sign * (floatAt(errors, b) - floatAt(errors, a))).slice(0, count);
  }
  if (count !== 1) return [];
  let worst = 0;
  for (let index = 1; index < errors.length; index++) {
    if (sign * floatAt(errors, index) > sign * floatAt(errors, worst)) worst = index;
  }
  return [worst];
}

function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += floatAt(values, index);
  return sum;
}
