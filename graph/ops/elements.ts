import { at } from '../common/at.js';
import { type Dim, numbers } from '../ir/dim.js';
import { elementCount, unravel } from '../ir/tensor.js';
import { contentOf, MAX_CONTENT, type ValueType } from '../ir/value.js';

/** Types of what operators move about. Exporters write chains of them around sizes, so known elements are followed. */

/** x in another shape, its elements in their order. */
export function reshaped(x: ValueType, shape: readonly Dim[]): ValueType {
  const content = contentOf(x);
  return { dtype: x.dtype, shape, ...(content && { content }) };
}

/** x in another shape, each of its elements from the index of x that `from` gives. */
export function rearranged(
  x: ValueType,
  shape: readonly Dim[],
  from: (index: readonly number[]) => readonly number[],
): ValueType {
  const { dtype } = x;
  const [content, before, after] = [contentOf(x), numbers(x.shape), numbers(shape)];
  if (content === undefined || before === undefined || after === undefined) return { dtype, shape };
  if (elementCount(after) > MAX_CONTENT) return { dtype, shape };
  const elements = Array.from({ length: elementCount(after) }, (_, flat) => {
    const index = from(unravel(flat, after));
    const source = index.reduce((place, i, axis) => place * at(before, axis) + i, 0);
    return at(content, source);
  });
  return { dtype, shape, content: elements };
}
