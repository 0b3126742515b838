import { type Attributes, intOf, intsOf, stringOf } from '../attribute.js';
import { addDims, type Dim, floorDivideDim } from '../dim.js';

/** The attributes that convolutions and poolings share; `pads` as ONNX has them: all begins, then all ends. */
export interface WindowAttributes {
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
}

/** Size of each spatial axis after a sliding window (ONNX Conv and MaxPool, `auto_pad` of older models included). */
export function slide(
  space: readonly Dim[],
  kernel: readonly number[],
  attributes: Attributes,
): readonly Dim[] {
  const rank = space.length;
  const strides = intsOf(attributes, 'strides', Array(rank).fill(1));
  const dilations = intsOf(attributes, 'dilations', Array(rank).fill(1));
  const pads = intsOf(attributes, 'pads', Array(2 * rank).fill(0));
  if (kernel.length !== rank || strides.length !== rank || pads.length !== 2 * rank) {
    throw new RangeError(`kernel, strides and pads do not fit ${rank} spatial axes`);
  }
  const autoPad = stringOf(attributes, 'auto_pad', 'NOTSET');
  const ceil = intOf(attributes, 'ceil_mode', 0) === 1;
  return space.map((size, axis) => {
    const stride = strides[axis] ?? 1;
    if (autoPad.startsWith('SAME')) return floorDivideDim(addDims(size, stride - 1), stride);
    const padding = autoPad === 'VALID' ? 0 : (pads[axis] ?? 0) + (pads[axis + rank] ?? 0);
    const extent = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
    const room = addDims(size, padding - extent + (ceil ? stride - 1 : 0));
    const out = addDims(floorDivideDim(room, stride), 1);
    if (typeof out === 'number' && out < 1) {
      throw new RangeError(`x is too small: a window of ${extent} does not fit axis ${axis + 2}`);
    }
    return out;
  });
}
