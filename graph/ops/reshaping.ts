import { type Attributes, intOf } from '../ir/attribute.js';
import { addDims, type Dim, differentDims, dimText, multiplyDims, numbers, shapeText } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';
import { contentOf, type ValueType } from '../ir/value.js';
import { broadcast } from './elementwise.js';
import { axesOf, axisOf, listAt, staticNumbers } from './shapes.js';

/** Operators that give a value other axes, as classifiers and attention have them in other exporters' models. */

const Flatten: OpDefinition = {
  opType: 'Flatten',
  since: 1,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const told = intOf(attributes, 'axis', 1);
    const axis = told === shape.length ? told : axisOf(told, shape.length);
    const product = (sizes: readonly Dim[]) => sizes.reduce(multiplyDims, 1);
    return [{ dtype, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
  },
};

const Squeeze: OpDefinition = {
  opType: 'Squeeze',
  since: 1,
  attributes: { axes: 'ints' },
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const told = staticNumbers(inputs, attributes, 'axes');
    // Without axes an open size might be one of those that go.
    if (told === undefined || (told.length === 0 && numbers(x.shape) === undefined)) return [];
    const axes = axesOf(told, x.shape.length);
    for (const axis of axes) {
      if (differentDims(x.shape[axis] ?? 1, 1)) {
        throw new RangeError(`axis ${axis} of ${shapeText(x.shape)} is not of size 1`);
      }
    }
    const shape = x.shape.filter((size, axis) => !(axes.size === 0 ? size === 1 : axes.has(axis)));
    const content = contentOf(x);
    return [{ dtype: x.dtype, shape, ...(content && { content }) }];
  },
};

const Split: OpDefinition = {
  opType: 'Split',
  since: 1,
  form: 2,
  attributes: { axis: 'int', num_outputs: 'int', split: 'ints' },
  infer(inputs, attributes, outputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const axis = axisOf(intOf(attributes, 'axis', 0), shape.length);
    const sizes = partsOf(shape[axis] ?? 1, inputs, attributes, outputs);
    return sizes.map((size) => ({ dtype, shape: shape.with(axis, size) }));
  },
};

/** The sizes that Split is told, or equal ones; none where they are not known. */
function partsOf(
  whole: Dim,
  inputs: readonly (ValueType | undefined)[],
  attributes: Attributes,
  outputs: number,
): readonly number[] {
  const told = staticNumbers(inputs, attributes, 'split');
  if (told === undefined) return [];
  if (told.length === 0) return typeof whole === 'number' ? equalParts(whole, attributes, outputs) : [];
  if (told.length !== outputs) throw new RangeError(`${told.length} sizes for ${outputs} outputs`);
  if (told.some((size) => size < 0) || differentDims(told.reduce<Dim>(addDims, 0), whole)) {
    throw new RangeError(`sizes [${told}] are not those of an axis of ${dimText(whole)}`);
  }
  return told;
}

/** Only where their number is told, from opset 18 on, the last part may be smaller. */
function equalParts(whole: number, attributes: Attributes, outputs: number): readonly number[] {
  const count = intOf(attributes, 'num_outputs', outputs);
  const size = Math.ceil(whole / count);
  const last = whole - (count - 1) * size;
  if (count !== outputs || last < 0 || (last !== size && !attributes.has('num_outputs'))) {
    throw new RangeError(`an axis of ${whole} is not split into ${count} parts by ${outputs} outputs`);
  }
  return Array.from({ length: count }, (_, at) => (at < count - 1 ? size : last));
}

const Expand: OpDefinition = {
  opType: 'Expand',
  since: 8,
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const target = listAt(inputs, 1, 'shape');
    return target === undefined ? [] : [{ dtype, shape: broadcast(shape, target) }];
  },
};

const Tile: OpDefinition = {
  opType: 'Tile',
  since: 1,
  form: 6,
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const repeats = listAt(inputs, 1, 'repeats');
    if (repeats === undefined) return [];
    if (repeats.length !== shape.length) {
      throw new RangeError(`${repeats.length} repeats for ${shapeText(shape)}`);
    }
    return [{ dtype, shape: shape.map((size, axis) => multiplyDims(size, repeats[axis] ?? 1)) }];
  },
};

export const RESHAPING: readonly OpDefinition[] = [Flatten, Squeeze, Split, Expand, Tile];
