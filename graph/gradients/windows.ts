import { at } from '../common/at.js';
import { intsOf, stringOf } from '../ir/attribute.js';
import type { Value } from '../ir/value.js';
import { type Applied, sizesOf } from './rule.js';

/** A sliding window along one spatial axis, all sizes known. */
export interface Window {
  /** Elements of the axis, and of its result. */
  readonly size: number;
  readonly count: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element, and what is read behind the last one: negative where some are not reached. */
  readonly before: number;
  readonly after: number;
}

/**
 * The windows of Conv, of poolings, and of ConvTranspose, seen from its output.
 * @param wide the value that windows slide over [N, C, ...space]
 * @param narrow the value with one element a window
 */
export function windowsOf(
  { attributes, opType }: Pick<Applied, 'attributes' | 'opType'>,
  wide: Value,
  narrow: Value,
  kernel: readonly number[],
): readonly Window[] {
  const [space, counts] = [sizesOf(wide, opType).slice(2), sizesOf(narrow, opType).slice(2)];
  const rank = space.length;
  const strides = intsOf(attributes, 'strides', Array(rank).fill(1));
  const dilations = intsOf(attributes, 'dilations', Array(rank).fill(1));
  const pads = intsOf(attributes, 'pads', Array(2 * rank).fill(0));
  const auto = stringOf(attributes, 'auto_pad', 'NOTSET');
  return space.map((size, axis) => {
    const [stride, dilation] = [at(strides, axis), at(dilations, axis)];
    const count = at(counts, axis);
    const reach = (count - 1) * stride + dilation * (at(kernel, axis) - 1) + 1;
    const missing = Math.max(reach - size, 0);
    const half = auto === 'SAME_LOWER' ? Math.ceil(missing / 2) : Math.floor(missing / 2);
    const before = auto === 'NOTSET' ? at(pads, axis) : auto === 'VALID' ? 0 : half;
    return { size, count, kernel: at(kernel, axis), stride, dilation, before, after: reach - size - before };
  });
}

/** The attributes of an operator with these windows. */
export const attributesOf = (windows: readonly Window[]) => ({
  strides: windows.map(({ stride }) => stride),
  dilations: windows.map(({ dilation }) => dilation),
});
