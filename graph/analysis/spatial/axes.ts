import { at } from '../../common/at.js';
import type { Dim } from '../../ir/dim.js';

/** The two directions of an image. */
export type Direction = 'H' | 'W';

/** A part of an axis: elements that follow a direction of the image, or that follow none (channels, say). */
export interface Factor {
  readonly size: number;
  readonly along?: Direction;
}

/** What an axis is the product of, the outermost first. One of no factors has one element. */
export type Axis = readonly Factor[];

/** An axis that follows no direction. */
export const plain = (size: Dim | undefined): Axis => (size === 1 ? [] : [{ size: numberOf(size) }]);

/** A size, NaN where it is open. */
export const numberOf = (size: Dim | undefined): number => (typeof size === 'number' ? size : Number.NaN);

export const isSpatial = (axis: Axis | undefined): boolean =>
  axis?.some(({ along }) => along !== undefined) === true;

/** The direction that a whole axis follows; undefined where it follows none, or is a product. */
export function directionOf(axis: Axis | undefined): Direction | undefined {
  return axis?.length === 1 ? axis[0]?.along : undefined;
}

/** The axes with the sizes of a shape that was inferred, where that is known. */
export function withSizes(axes: readonly Axis[], shape: readonly Dim[] | undefined): readonly Axis[] {
  return axes.map((axis, index): Axis => {
    const size = shape?.[index];
    if (!isSpatial(axis)) return plain(size);
    const along = directionOf(axis);
    return along === undefined ? axis : [{ size: numberOf(size), along }];
  });
}

/** Two axes that an elementwise operator matches; undefined where they follow the image differently. */
export function matched(left: Axis, right: Axis): Axis | undefined {
  if (!isSpatial(right)) return left.length === 0 ? right : left;
  if (!isSpatial(left)) return right;
  if (left.length !== right.length) return undefined;
  const isSame = ({ size, along }: Factor, index: number) => {
    const other = at(right, index);
    // One that is not a number may be the same.
    return along === other.along && !(Math.abs(size - other.size) > 0);
  };
  return left.every(isSame) ? left : undefined;
}

/**
 * The axes of a tensor in another shape: elements keep their order, so axes are multiplied and divided.
 * @param isLong whether so many elements may be all along a direction
 * @returns undefined where that does not come out even, or divides a direction into parts that are no neighbours
 */
export function regroup(
  axes: readonly Axis[],
  shape: readonly number[],
  isLong: (size: number, along: Direction) => boolean,
) {
  const rest = axes.flat().toReversed();
  /** Into how many elements each element along a direction was divided: above 1 it got finer, below coarser. */
  const finer = new Map<Direction, number>();
  const times = (along: Direction, factor: number) => finer.set(along, (finer.get(along) ?? 1) * factor);
  const result: Axis[] = [];
  for (const size of shape) {
    const axis: Factor[] = [];
    for (let left = size; left > 1; ) {
      const factor = rest.pop();
      if (factor === undefined || !Number.isSafeInteger(factor.size)) return undefined;
      if (left % factor.size === 0) {
        axis.push(factor);
        left /= factor.size;
        continue;
      }
      const inner = factor.size / left;
      if (!Number.isInteger(inner)) return undefined;
      if (factor.along !== undefined) {
        if (!isLong(left, factor.along)) return undefined;
        times(factor.along, 1 / inner);
      }
      axis.push({ ...factor, size: left });
      rest.push({ size: inner });
      left = 1;
    }
    result.push(axis);
  }
  if (rest.some(({ size }) => size !== 1)) return undefined;
  const collapsed = result.map((axis): Axis => {
    const [first, ...others] = axis;
    if (first === undefined || isSpatial(others)) return axis;
    const inner = others.reduce((product, { size }) => product * size, 1);
    if (first.along !== undefined && inner > 1) times(first.along, inner);
    return [{ ...first, size: first.size * inner }];
  });
  const followed = collapsed.flat().flatMap(({ along }) => along ?? []);
  // What is divided must be there once: another axis along the same direction would not be.
  const isOnce = (along: Direction) => followed.filter((other) => other === along).length === 1;
  return [...finer.keys()].every(isOnce) ? { axes: collapsed, finer } : undefined;
}
