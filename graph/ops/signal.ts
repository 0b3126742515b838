import { intOf } from '../ir/attribute.js';
import { addDims, floorDivideDim, OPEN } from '../ir/dim.js';
import { DTYPES, dtypeOfCode } from '../ir/dtype.js';
import { type OpDefinition, required } from '../ir/op.js';
import { contentOf } from '../ir/value.js';
import { axisOf } from './operands.js';

/** x [..., 1 or 2] -> [..., 2], real and imaginary. Its axis is an attribute until opset 19, and an input from then on. */
export const DFT: OpDefinition = {
  opType: 'DFT',
  since: 17,
  attributes: { axis: 'int', inverse: 'int', onesided: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const [given] = contentOf(inputs[2]) ?? [];
    const isKnown = inputs[2] === undefined || typeof given === 'number';
    if (!isKnown) return [{ dtype, shape: [...shape.slice(0, -1).map(() => OPEN), 2] }];
    const stated = typeof given === 'number' ? given : intOf(attributes, 'axis', DEFAULT_AXIS);
    const axis = axisOf(stated, shape.length);
    const length = inputs[1] === undefined ? shape[axis] : contentOf(inputs[1])?.[0];
    const isHalf = intOf(attributes, 'onesided', 0) === 1 && intOf(attributes, 'inverse', 0) === 0;
    const size = length === undefined ? OPEN : isHalf ? addDims(floorDivideDim(length, 2), 1) : length;
    return [{ dtype, shape: [...shape.with(axis, size).slice(0, -1), 2] }];
  },
};

/** The last before that of real and imaginary. (Until opset 19 it was the second.) */
const DEFAULT_AXIS = -2;

/** x [N, length, 1 or 2] -> [N, frames, bins, 2]. */
export const STFT: OpDefinition = {
  opType: 'STFT',
  since: 17,
  attributes: { onesided: 'int' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    return [{ dtype, shape: [shape[0] ?? OPEN, OPEN, OPEN, 2] }];
  },
};

/** A list of as many elements as an input says. */
function windowOf(opType: string): OpDefinition {
  return {
    opType,
    since: 17,
    attributes: { output_datatype: 'int', periodic: 'int' },
    infer(inputs, attributes) {
      const dtype = dtypeOfCode(intOf(attributes, 'output_datatype', DTYPES.float32.onnx));
      const [size = OPEN] = contentOf(required(inputs, 0, 'size')) ?? [];
      return dtype === undefined ? [] : [{ dtype, shape: [size] }];
    },
  };
}

export const BlackmanWindow = windowOf('BlackmanWindow');
export const HammingWindow = windowOf('HammingWindow');
export const HannWindow = windowOf('HannWindow');
