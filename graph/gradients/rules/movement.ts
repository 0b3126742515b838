import { at } from '../../common/at.js';
import { badUsage } from '../../common/errors.js';
import { intOf, intsOf, stringOf } from '../../ir/attribute.js';
import type { Value } from '../../ir/value.js';
import { axisOf } from '../../ops/operands.js';
import { reshape } from '../../ops/reshape.js';
import { sliceAxis } from '../../ops/slice.js';
import { transpose } from '../../ops/transpose.js';
import { type LinearMap, picking, transposedMaps } from '../linear-map.js';
import {
  type Applied,
  inputOf,
  listOf,
  perInput,
  type Rules,
  refused,
  sizesOf,
  unary,
  unbroadcast,
} from '../rule.js';
import { padTo } from '../windows.js';

/** What leaves the order of elements as it is: Reshape, Flatten, Squeeze, Unsqueeze. */
const reordered = unary((dy, x, { opType }) => reshape(dy, sizesOf(x, opType)));

/** Which element a padded one repeats, or mirrors. */
function sourceOf(place: number, size: number, mode: string): number {
  const inside = Math.min(Math.max(place, 0), size - 1);
  return mode === 'edge' ? inside : 2 * inside - place;
}

const PAD_MODES = ['constant', 'edge', 'reflect'];

function padGradient(applied: Applied, dy: Value): Value {
  const sizes = sizesOf(inputOf(applied, 0), applied.opType);
  const pads = listOf(applied, 1, 'pads');
  const axes = listOf(applied, 3, 'axes', [...sizes.keys()]);
  const mode = stringOf(applied.attributes, 'mode', 'constant');
  if (!PAD_MODES.includes(mode)) {
    throw badUsage(`Pad (mode ${mode}) has no gradient: ${PAD_MODES.join(', ')} have`);
  }
  const [before, after] = [sizes.map(() => 0), sizes.map(() => 0)];
  for (const [index, named] of axes.entries()) {
    const axis = axisOf(named, sizes.length);
    [before[axis], after[axis]] = [at(pads, index), at(pads, index + axes.length)];
  }
  if (mode === 'constant') {
    const turned = (counts: readonly number[]) => counts.map((count) => -count);
    return padTo(dy, turned(before), turned(after));
  }
  const maps = sizes.flatMap((size, axis) => {
    const [first, end] = [-at(before, axis), size + at(after, axis)];
    const places = Array.from({ length: end - first }, (_, row) => sourceOf(first + row, size, mode));
    return first === 0 && end === size ? [] : [picking(axis, size, places)];
  });
  return transposedMaps(dy, maps, applied.opType);
}

export const MOVEMENTS: Rules = {
  ...{ Flatten: reordered, Reshape: reordered, Squeeze: reordered, Unsqueeze: reordered },
  Transpose: unary((dy, _, { attributes }) => {
    const axes = [...dy.shape.keys()];
    const order = intsOf(attributes, 'perm', axes.toReversed());
    const back = axes.map((axis) => order.indexOf(axis));
    return transpose(dy, back);
  }),
  Expand: unary((dy, x) => unbroadcast(dy, x)),
  Concat(applied, dy) {
    const axis = axisOf(intOf(applied.attributes, 'axis', 0), dy.shape.length);
    let start = 0;
    const gradients = applied.inputs.map((_, index) => {
      const begin = start;
      start += at(sizesOf(inputOf(applied, index), applied.opType), axis);
      const end = start;
      return () => sliceAxis(dy, axis, begin, end);
    });
    return perInput(applied, ...gradients);
  },
  Slice: unary((dy, x, applied) => {
    const sizes = sizesOf(x, applied.opType);
    const starts = listOf(applied, 1, 'starts');
    const axes = listOf(applied, 3, 'axes', [...starts.keys()]);
    const steps = listOf(applied, 4, 'steps', Array(starts.length).fill(1));
    const [before, after] = [sizes.map(() => 0), sizes.map(() => 0)];
    const strided: LinearMap[] = [];
    for (const [index, named] of axes.entries()) {
      const axis = axisOf(named, sizes.length);
      const [size, step] = [at(sizes, axis), at(steps, index)];
      const count = at(sizesOf(dy, applied.opType), axis);
      const from = at(starts, index);
      const first = Math.min(Math.max(from < 0 ? from + size : from, 0), step < 0 ? size - 1 : size);
      if (step === 1) {
        before[axis] = first;
        after[axis] = size - first - count;
      } else {
        const places = Array.from({ length: count }, (_, place) => first + place * step);
        strided.push(picking(axis, size, places));
      }
    }
    return transposedMaps(padTo(dy, before, after), strided, applied.opType);
  }),
  Pad: (applied, dy) => perInput(applied, () => padGradient(applied, dy), undefined, refused(applied, 2)),
  /** Of indices that are known. */
  Gather: unary((dy, x, applied) => {
    const sizes = sizesOf(x, applied.opType);
    const axis = axisOf(intOf(applied.attributes, 'axis', 0), sizes.length);
    const size = at(sizes, axis);
    const indices = listOf(applied, 1, 'indices').map((index) => (index < 0 ? index + size : index));
    // A scalar index takes its axis away.
    const whole = reshape(dy, sizes.with(axis, indices.length));
    return transposedMaps(whole, [picking(axis, size, indices)], applied.opType);
  }),
  /** A block of places is read off the order that DepthToSpace writes. */
  DepthToSpace: unary((dy, x, { attributes, opType }) => {
    const sizes = sizesOf(x, opType);
    const [n, c, h, w] = [at(sizes, 0), at(sizes, 1), at(sizes, 2), at(sizes, 3)];
    const block = intOf(attributes, 'blocksize', 1);
    const apart = reshape(dy, [n, c / block ** 2, h, block, w, block]);
    const isFirst = stringOf(attributes, 'mode', 'DCR') === 'DCR';
    return reshape(transpose(apart, isFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]), sizes);
  }),
};
