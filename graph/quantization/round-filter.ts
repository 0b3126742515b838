/**
 * Rounds the values of one filter to whole numbers such that the sum of each kernel is off by a half at most, and then that of the whole
 * filter (SQuant, Guo et al., ICLR 2022): values that a filter reads are alike, those of neighbours and, behind a ReLU, in their sign,
 * so it is the sum of what was rounded away that comes through.
 * @param values [channels x kernel]
 * @param kernel elements of the kernel of one channel
 */
export function roundFilter(values: Float32Array, kernel: number): Float32Array {
  const rounded = values.map(Math.round);
  const errors = rounded.map((whole, at) => whole - (values[at] ?? 0));
  /** Takes one off the element that was rounded the furthest that way: the next best whole number for it. */
  const turn = (start: number, sign: number) => {
    let worst = start;
    for (let at = start; at < start + kernel; at++) {
      if (sign * (errors[at] ?? 0) > sign * (errors[worst] ?? 0)) worst = at;
    }
    rounded[worst] = (rounded[worst] ?? 0) - sign;
    errors[worst] = (errors[worst] ?? 0) - sign;
  };
  const sums = new Float32Array(values.length / kernel);
  for (let channel = 0; channel < sums.length; channel++) {
    const sum = sumOf(errors, channel * kernel, kernel);
    const turns = turnsFor(sum);
    for (let done = 0; done < turns; done++) turn(channel * kernel, Math.sign(sum));
    sums[channel] = sum - turns * Math.sign(sum);
  }
  const sum = sumOf(sums, 0, sums.length);
  const sign = Math.sign(sum);
  for (let left = turnsFor(sum); left > 0; left--) {
    let worst = 0;
    for (let channel = 1; channel < sums.length; channel++) {
      if (sign * (sums[channel] ?? 0) > sign * (sums[worst] ?? 0)) worst = channel;
    }
    turn(worst * kernel, sign);
    sums[worst] = (sums[worst] ?? 0) - sign;
  }
  return rounded;
}

/** How many elements have to be rounded the other way until a sum of errors is a half at most. */
const turnsFor = (sum: number) => Math.ceil(Math.abs(sum) - 0.5);

function sumOf(values: Float32Array, start: number, length: number): number {
  let sum = 0;
  for (let at = start; at < start + length; at++) sum += values[at] ?? 0;
  return sum;
}
