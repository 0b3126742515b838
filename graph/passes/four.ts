/** Four numbers: the sizes of a weight [outputs, channels, height, width], the padding above, left, below and right. */
export type Four = readonly [number, number, number, number];

/** @throws RangeError where there are more or fewer */
export function four(list: readonly number[]): Four {
  const [a, b, c, d, ...more] = list;
  if (a === undefined || b === undefined || c === undefined || d === undefined || more.length > 0) {
    throw new RangeError(`${list.length} numbers, expected 4`);
  }
  return [a, b, c, d];
}
