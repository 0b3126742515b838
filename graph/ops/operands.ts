import { type Attributes, intsOf } from '../ir/attribute.js';
import { type Dim, mayEqual, numbers, OPEN, shapeText } from '../ir/dim.js';
import { MAX_RANK, type Operands, required } from '../ir/op.js';
import { contentOf, type ValueType } from '../ir/value.js';

/** An axis counted from the end where negative. */
export function axisOf(axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (counted < 0 || counted >= rank) throw new RangeError(`axis ${axis} is outside a rank of ${rank}`);
  return counted;
}

/** Axes, counted from the beginning. @throws RangeError where one is outside the rank, or named twice */
export function axesOf(axes: readonly number[], rank: number): ReadonlySet<number> {
  const distinct = new Set(axes.map((axis) => axisOf(axis, rank)));
  if (distinct.size < axes.length) throw new RangeError(`axes [${axes}] name one twice`);
  return distinct;
}

/**
 * The elements of an input that lists sizes, places or axes; undefined where they are not known.
 * @throws TypeError, RangeError where it is not a list of whole numbers
 */
export function listAt(inputs: Operands, index: number, name: string): readonly Dim[] | undefined {
  const type = required(inputs, index, name);
  if (type.dtype !== 'int64' && type.dtype !== 'int32') {
    throw new TypeError(`${name} is ${type.dtype}, expected int64`);
  }
  if (type.shape.length > 1) throw new RangeError(`${name} is ${shapeText(type.shape)}, expected a list`);
  return contentOf(type);
}

/** The same as numbers; `otherwise`, where there is such a default, for an input that is left out. */
export function numbersAt(
  inputs: Operands,
  index: number,
  name: string,
  otherwise?: readonly number[],
): readonly number[] | undefined {
  if (inputs[index] === undefined && otherwise !== undefined) return otherwise;
  const content = listAt(inputs, index, name);
  return content && numbers(content);
}

/** Numbers that are an attribute in older opsets and an input, at position 1, in newer ones; undefined where not known. */
export const staticNumbers = (inputs: Operands, attributes: Attributes, name: string) =>
  numbersAt(inputs, 1, name, intsOf(attributes, name, []));

/** Checks inputs behind x [N, C, ...] that hold one element a channel. Of one axis, x has one channel. @throws RangeError */
export function checkPerChannel(inputs: Operands, names: readonly string[]): void {
  const { shape } = required(inputs, 0, 'x');
  const [, channels = 1] = shape;
  for (const [index, name] of names.entries()) {
    const found = required(inputs, index + 1, name).shape;
    if (!mayEqual(found, [channels])) {
      throw new RangeError(`${name} is ${shapeText(found)}, x is ${shapeText(shape)}`);
    }
  }
}

/** A shape of which a run tells the sizes of some axes. */
export function openedAt(shape: readonly Dim[], axes: Iterable<number>): readonly Dim[] {
  const opened = [...shape];
  for (const axis of axes) opened[axis] = OPEN;
  return opened;
}

/** What has the element type of x and sizes that only a run tells; none where their number is not known. */
export function openType({ dtype }: ValueType, rank: Dim | undefined): readonly ValueType[] {
  const isKnown = typeof rank === 'number' && rank >= 0 && rank <= MAX_RANK;
  return isKnown ? [{ dtype, shape: Array(rank).fill(OPEN) }] : [];
}

/** How many elements a list has; NaN where a run tells that. */
export function countAt(inputs: Operands, index: number): number {
  const [count] = inputs[index]?.shape ?? [];
  return typeof count === 'number' ? count : Number.NaN;
}
