import { int, intOf } from '../ir/attribute.js';
import { axisOf } from '../ops/operands.js';
import { before, type Change, withAttributes } from './change.js';

/**
 * Softmax and its kin took what follows their axis, 1 by default, as one; they now take the axis alone, by default the last. Where
 * one axis of more than one element is left from there on, that is the same.
 */
export const flattening: Change = (node, site) => {
  const [x = ''] = node.inputs;
  const axis = intOf(node.attributes, 'axis', 1);
  const shape = site.typeOf(x)?.shape;
  const along = (own: number) => [withAttributes(node, { axis: int(own) })];
  if (axis === -1) return along(axis);
  if (shape !== undefined) {
    const first = axisOf(axis, shape.length);
    const long = [...shape.keys()].filter((own) => own >= first && shape[own] !== 1);
    if (long.length <= 1) return along(long[0] ?? first);
  }
  const flat = before(node, site, 'Flatten', [x], { axis: int(axis) });
  const sizes = before(node, site, 'Shape', [x]);
  const result = before(node, site, node.opType, [flat.output], { axis: int(-1) });
  const reshape = {
    ...node,
    opType: 'Reshape',
    inputs: [result.output, sizes.output],
    attributes: new Map(),
  };
  return [flat, sizes, result, reshape];
};
