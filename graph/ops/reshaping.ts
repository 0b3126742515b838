import { intOf, intsOf } from '../attribute.js';
import { type Dim, multiplyDims, numbers } from '../dim.js';
import { type OpDefinition, required } from '../op.js';
import { contentOf } from '../value.js';
import { broadcast } from './elementwise.js';
import { axisOf, toldNumbers } from './shapes.js';

/** Operators that give a value other axes, as classifiers and attention have them in other exporters' models. */

const Flatten: OpDefinition = {
  opType: 'Flatten',
  since: 1,
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
  infer(inputs, attributes) {
    const x = required(inputs, 0, 'x');
    const told = toldNumbers(inputs, intsOf(attributes, 'axes', []));
    // Without axes an open size might be one of those that go.
    if (told === undefined || (told.length === 0 && numbers(x.shape) === undefined)) return [];
    const axes = new Set(told.map((axis) => axisOf(axis, x.shape.length)));
    const shape = x.shape.filter((size, axis) => !(axes.size === 0 ? size === 1 : axes.has(axis)));
    const content = contentOf(x);
    return [{ dtype: x.dtype, shape, ...(content && { content }) }];
  },
};

const Split: OpDefinition = {
  opType: 'Split',
  since: 1,
  form: 2,
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const axis = axisOf(intOf(attributes, 'axis', 0), shape.length);
    const sizes = toldNumbers(inputs, intsOf(attributes, 'split', [])) ?? [];
    return sizes.map((size) => ({ dtype, shape: shape.with(axis, size) }));
  },
};

const Expand: OpDefinition = {
  opType: 'Expand',
  since: 8,
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const target = contentOf(required(inputs, 1, 'shape'));
    return target === undefined ? [] : [{ dtype, shape: broadcast(shape, target) }];
  },
};

export const RESHAPING: readonly OpDefinition[] = [Flatten, Squeeze, Split, Expand];
