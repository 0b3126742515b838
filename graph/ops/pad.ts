import { at } from '../common/at.js';
import { string } from '../ir/attribute.js';
import { addDims } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import type { Value } from '../ir/value.js';
import { axesOf, listAt, numbersAt, openedAt } from './operands.js';

export const Pad: OpDefinition = {
  opType: 'Pad',
  sinceSignature: 11,
  attributes: { mode: 'string' },
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const pads = listAt(inputs, 1, 'pads');
    // From opset 18 on an input says which axes are padded.
    const stated = numbersAt(inputs, 3, 'axes', [...x.shape.keys()]);
    if (pads === undefined || stated === undefined) {
      const padded = stated === undefined ? x.shape.keys() : axesOf(stated, x.shape.length);
      return [{ dtype: x.dtype, shape: openedAt(x.shape, padded) }];
    }
    const axes = [...axesOf(stated, x.shape.length)];
    if (pads.length !== 2 * axes.length) {
      throw new RangeError(`pads holds ${pads.length} sizes, expected ${2 * axes.length}`);
    }
    const shape = [...x.shape];
    for (const [index, axis] of axes.entries()) {
      const added = addDims(at(pads, index), at(pads, index + axes.length));
      shape[axis] = addDims(at(shape, axis), added);
    }
    return [{ dtype: x.dtype, shape }];
  },
};

/** What ONNX Pad fills with: zeros, the element at the border, or those inside it, mirrored at the border's. */
export type PadMode = 'constant' | 'edge' | 'reflect';

/** ONNX Pad; `pads` int64 [2 rank]: all begins, then all ends; `filling` is a scalar in the place of zeros. */
export const pad = (x: Value, pads: Value, mode: PadMode = 'constant', filling?: Value): Value =>
  apply(
    Pad,
    [x, pads, ...(filling === undefined ? [] : [filling])],
    mode === 'constant' ? {} : { mode: string(mode) },
  );
