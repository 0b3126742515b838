/**
 * The element at an index from 0 on.
 * @throws RangeError where there is none: a weight or a size that is missed is no zero
 */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`index ${index} of ${list.length} elements`);
  return element;
}
