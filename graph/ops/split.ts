import { at } from '../common/at.js';
import { type Attributes, intOf } from '../ir/attribute.js';
import { addDims, type Dim, differentDims, dimText, OPEN } from '../ir/dim.js';
import { type OpDefinition, type Operands, required } from '../ir/op.js';
import { axisOf, staticNumbers } from './operands.js';

export const Split: OpDefinition = {
  opType: 'Split',
  sinceSignature: 2,
  attributes: { axis: 'int', num_outputs: 'int', split: 'ints' },
  infer(inputs, attributes, outputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const axis = axisOf(intOf(attributes, 'axis', 0), shape.length);
    const sizes = sizesOf(at(shape, axis), inputs, attributes, outputs);
    return sizes.map((size) => ({ dtype, shape: shape.with(axis, size) }));
  },
};

/** The sizes that an attribute or an input states, or equal ones; none where they are not known. */
function sizesOf(whole: Dim, inputs: Operands, attributes: Attributes, outputs: number): readonly Dim[] {
  const stated = staticNumbers(inputs, attributes, 'split');
  const open = Array<Dim>(outputs).fill(OPEN);
  if (stated === undefined) return open;
  if (stated.length === 0) return typeof whole === 'number' ? equalSizes(whole, attributes, outputs) : open;
  if (stated.length !== outputs) throw new RangeError(`${stated.length} sizes for ${outputs} outputs`);
  if (stated.some((size) => size < 0) || differentDims(stated.reduce<Dim>(addDims, 0), whole)) {
    throw new RangeError(`sizes [${stated}] are not those of an axis of ${dimText(whole)}`);
  }
  return stated;
}

/** Only where their number is stated, from opset 18 on, the last one may be smaller. */
function equalSizes(whole: number, attributes: Attributes, outputs: number): readonly number[] {
  const count = intOf(attributes, 'num_outputs', outputs);
  const size = Math.ceil(whole / count);
  const last = whole - (count - 1) * size;
  if (count !== outputs || last < 0 || (last !== size && !attributes.has('num_outputs'))) {
    throw new RangeError(`an axis of ${whole} is not split into ${count} parts by ${outputs} outputs`);
  }
  return Array.from({ length: count }, (_, index) => (index < count - 1 ? size : last));
}
