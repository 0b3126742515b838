/**
 * Rounds the values of one filter to whole numbers such that the sum of each kernel is off by a half at most, and then that of the whole
 * filter (SQuant, Guo et al., ICLR 2022): neighbours have nearly the same value, so errors of weights that add up to
 * nothing hardly change what the filter gives.
 * @param values [channels x kernel]
 * @param kernel elements of the kernel of one channel
 */
export function roundFilter(values: Float32Array, kernel: number): Float32Array {
  const rounded = values.map(Math.round);
  const errors = rounded.map((whole, at) => whole - (values[at] ?? 0));
  const ofChannel = (channel: number) => errors.subarray(channel * kernel, (channel + 1) * kernel);
  /** Rounds elements of a kernel the other way, to the next best whole number. */
  const turn = (channel: number, sign: number, count: number) => {
    for (const element of furthest(ofChannel(channel), sign, count)) {
      const at = channel * kernel + element;
      rounded[at] = (rounded[at] ?? 0) - sign;
      errors[at] = (errors[at] ?? 0) - sign;
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
    return places.sort((a, b) => sign * ((errors[b] ?? 0) - (errors[a] ?? 0))).slice(0, count);
  }
  if (count !== 1) return [];
  let worst = 0;
  for (let at = 1; at < errors.length; at++) {
    if (sign * (errors[at] ?? 0) > sign * (errors[worst] ?? 0)) worst = at;
  }
  return [worst];
}

function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] ?? 0;
  return sum;
}
