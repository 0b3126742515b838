import { at } from '../common/at.js';
import { multiplyDims, shapeText } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';
import { broadcast } from './elementwise.js';
import { listAt } from './operands.js';

export const Expand: OpDefinition = {
  opType: 'Expand',
  since: 8,
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const target = listAt(inputs, 1, 'shape');
    return target === undefined ? [] : [{ dtype, shape: broadcast(shape, target) }];
  },
};

export const Tile: OpDefinition = {
  opType: 'Tile',
  since: 1,
  sinceSignature: 6,
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const repeats = listAt(inputs, 1, 'repeats');
    if (repeats === undefined) return [];
    if (repeats.length !== shape.length) {
      throw new RangeError(`${repeats.length} repeats for ${shapeText(shape)}`);
    }
    return [{ dtype, shape: shape.map((size, axis) => multiplyDims(size, at(repeats, axis))) }];
  },
};
