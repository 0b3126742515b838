import { at } from '../common/at.js';
import { type Attributes, intOf, intsOf, stringOf } from '../ir/attribute.js';
import { addDims, type Dim, dimText, floorDivideDim, symbol } from '../ir/dim.js';

/** The attributes that convolutions and poolings share; `pads` as ONNX has them: all begins, then all ends. */
export interface WindowAttributes {
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
}

/** The types of the attributes that convolutions and poolings share. */
export const WINDOW_TYPES = {
  auto_pad: 'string',
  dilations: 'ints',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
} as const;

const AUTO_PADS = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'];

/** A window along one spatial axis. */
export interface AxisWindow {
  /** Elements of the axis. */
  readonly size: Dim;
  readonly stride: number;
  /** Elements from the first to the last that the window holds. */
  readonly extent: number;
  /** Padding. */
  readonly before: number;
  readonly after: number;
}

/** A window along each spatial axis, with ONNX's defaults for attributes that are absent. @throws RangeError for a misfit */
export function windowsOf(
  space: readonly Dim[],
  kernel: readonly number[],
  attributes: Attributes,
): readonly AxisWindow[] {
  const rank = space.length;
  const strides = intsOf(attributes, 'strides', Array(rank).fill(1));
  const dilations = intsOf(attributes, 'dilations', Array(rank).fill(1));
  const pads = intsOf(attributes, 'pads', Array(2 * rank).fill(0));
  if (rank === 0) throw new RangeError('x has no spatial axis');
  const fits = [kernel, strides, dilations].every((values) => values.length === rank);
  if (!fits || pads.length !== 2 * rank) {
    throw new RangeError(`kernel, strides, dilations and pads do not fit ${rank} spatial axes`);
  }
  checkLeast('kernel', kernel, 1);
  checkLeast('strides', strides, 1);
  checkLeast('dilations', dilations, 1);
  checkLeast('pads', pads, 0);
  const autoPad = stringOf(attributes, 'auto_pad', 'NOTSET');
  if (!AUTO_PADS.includes(autoPad)) {
    throw new RangeError(`auto_pad is '${autoPad}', expected ${AUTO_PADS.join(', ')}`);
  }
  const used = autoPad === 'VALID' ? pads.map(() => 0) : pads;
  return space.map((size, axis) => ({
    size,
    stride: at(strides, axis),
    extent: at(dilations, axis) * (at(kernel, axis) - 1) + 1,
    before: at(used, axis),
    after: at(used, axis + rank),
  }));
}

/** @throws RangeError where a number is less than it may be */
export function checkLeast(name: string, values: readonly number[], least: number): void {
  if (values.some((value) => value < least)) {
    throw new RangeError(`${name} [${values}] must be ${least} or more`);
  }
}

/** Size of each spatial axis after a sliding window (ONNX Conv and MaxPool, `auto_pad` of older models included). */
export function slide(
  space: readonly Dim[],
  kernel: readonly number[],
  attributes: Attributes,
): readonly Dim[] {
  const isSame = stringOf(attributes, 'auto_pad', 'NOTSET').startsWith('SAME');
  const ceil = intOf(attributes, 'ceil_mode', 0) === 1;
  return windowsOf(space, kernel, attributes).map(({ size, stride, extent, before, after }, axis) => {
    if (isSame) return floorDivideDim(addDims(size, stride - 1), stride);
    const room = addDims(size, before + after - extent);
    const out = ceil
      ? ceilWindows(room, stride, addDims(size, before))
      : addDims(floorDivideDim(room, stride), 1);
    if (typeof out === 'number' && out < 1) {
      throw new RangeError(`x is too small: a window of ${extent} does not fit axis ${axis + 2}`);
    }
    return out;
  });
}

/** Windows rounded up; the last one is dropped where it would begin behind the input and its padding before. */
function ceilWindows(room: Dim, stride: number, reach: Dim): Dim {
  if (typeof room !== 'number' || typeof reach !== 'number')
    return symbol(`ceil((${dimText(room)})/${stride})+1`);
  const windows = Math.ceil(room / stride) + 1;
  return (windows - 1) * stride >= reach ? windows - 1 : windows;
}
