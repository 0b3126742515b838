import { at } from '../common/at.js';
import { type Attributes, intOf } from '../ir/attribute.js';
import { type Dim, OPEN } from '../ir/dim.js';
import { type OpDefinition, required } from '../ir/op.js';
import { axisOf } from './operands.js';

/** Operators of which a run tells how much they give. */

export const NonZero: OpDefinition = {
  opType: 'NonZero',
  since: 9,
  infer: (inputs) => [{ dtype: 'int64', shape: [required(inputs, 0, 'x').shape.length, OPEN] }],
};

/** x along an axis, or all of its elements in one. */
const chosen = (shape: readonly Dim[], attributes: Attributes): readonly Dim[] =>
  attributes.has('axis') ? shape.with(axisOf(intOf(attributes, 'axis', 0), shape.length), OPEN) : [OPEN];

export const Unique: OpDefinition = {
  opType: 'Unique',
  since: 11,
  attributes: { axis: 'int', sorted: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    const places = { dtype: 'int64', shape: [OPEN] } as const;
    return [{ dtype, shape: chosen(shape, attributes) }, places, places, places];
  },
};

export const Compress: OpDefinition = {
  opType: 'Compress',
  since: 9,
  attributes: { axis: 'int' },
  infer(inputs, attributes) {
    const { dtype, shape } = required(inputs, 0, 'x');
    return [{ dtype, shape: chosen(shape, attributes) }];
  },
};

/** Boxes that are kept, each as its image, its class and its place. */
export const NonMaxSuppression: OpDefinition = {
  opType: 'NonMaxSuppression',
  since: 10,
  attributes: { center_point_box: 'int' },
  infer: () => [{ dtype: 'int64', shape: [OPEN, 3] }],
};

/** x [..., M, M] -> [...]. */
export const Det: OpDefinition = {
  opType: 'Det',
  since: 11,
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'x');
    if (shape.length < 2) throw new RangeError('x is not a matrix');
    return [{ dtype, shape: shape.slice(0, -2) }];
  },
};

/** theta [N, 2 or 3, 3 or 4], size [N, C, ...space] -> [N, ...space, axes of space]. */
export const AffineGrid: OpDefinition = {
  opType: 'AffineGrid',
  since: 20,
  attributes: { align_corners: 'int' },
  infer(inputs) {
    const { dtype, shape } = required(inputs, 0, 'theta');
    const axes = shape[1];
    if (typeof axes !== 'number' || axes > 3) return [];
    return [{ dtype, shape: [at(shape, 0), ...Array<Dim>(axes).fill(OPEN), axes] }];
  },
};
