import { at } from '../common/at.js';
import { type Dim, multiplyDims, numbers, shapeText } from '../ir/dim.js';
import { apply, type OpDefinition, required } from '../ir/op.js';
import { int64List, type Value, type ValueType } from '../ir/value.js';
import { rearranged } from './elements.js';
import { broadcast } from './elementwise.js';
import { countAt, listAt, openType } from './operands.js';

export const Expand: OpDefinition = {
  opType: 'Expand',
  since: 8,
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const target = listAt(inputs, 1, 'shape');
    if (target === undefined) return openType(x, Math.max(x.shape.length, countAt(inputs, 1)));
    return [repeated(x, broadcast(x.shape, target))];
  },
};

export const Tile: OpDefinition = {
  opType: 'Tile',
  sinceSignature: 6,
  infer(inputs) {
    const x = required(inputs, 0, 'x');
    const { shape } = x;
    const repeats = listAt(inputs, 1, 'repeats');
    if (repeats === undefined) return openType(x, shape.length);
    if (repeats.length !== shape.length) {
      throw new RangeError(`${repeats.length} repeats for ${shapeText(shape)}`);
    }
    const tiled = shape.map((size, axis) => multiplyDims(size, at(repeats, axis)));
    return [repeated(x, tiled)];
  },
};

/** x as often as its axes go into those of a shape, which may have some more in front. */
function repeated(x: ValueType, shape: readonly Dim[]): ValueType {
  const missing = shape.length - x.shape.length;
  const sizes = numbers(x.shape) ?? [];
  return rearranged(x, shape, (index) => sizes.map((size, axis) => at(index, axis + missing) % size));
}

/** ONNX Expand: x broadcast to a shape, an int64 value. */
export const expandTo = (x: Value, shape: Value): Value => apply(Expand, [x, shape]);

/** ONNX Expand: x broadcast to a shape. */
export const expand = (x: Value, shape: readonly number[]): Value => apply(Expand, [x, int64List(shape)]);
