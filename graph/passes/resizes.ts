import { at } from '../common/at.js';
import { stringOf } from '../ir/attribute.js';
import { sameDim } from '../ir/dim.js';
import type { Node } from '../ir/model.js';
import { float32Values } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { inScopeOf, type Rewriting } from '../rewriting/rewrite.js';

/** The scales of a Resize; undefined where it has sizes instead, or what no runtime takes for scales. */
export function scalesOf(node: Node, graph: Rewriting): Float32Array | undefined {
  const scales = graph.constant(node.inputs[2]);
  return scales?.dtype !== 'float32' || scales.dims[0] === 0 ? undefined : float32Values(scales);
}

/**
 * Whether a node is a Resize whose results are weighted means of what it reads, each within one channel, by constant scales or
 * sizes.
 */
export function isLinearResize(node: Node, graph: Rewriting): boolean {
  if (node.opType !== 'Resize' || node.domain !== '' || graph.opset < 11) return false;
  const coordinates = stringOf(node.attributes, 'coordinate_transformation_mode', 'half_pixel');
  const isMean = ['nearest', 'linear'].includes(stringOf(node.attributes, 'mode', 'nearest'));
  const [before, after] = [graph.value(node.inputs[0]), graph.value(node.outputs[0])];
  // Outside the image tf_crop_and_resize has a value of its own.
  if (!isMean || coordinates === 'tf_crop_and_resize' || before === undefined || after === undefined)
    return false;
  if (before.shape.length < 2 || after.shape.length !== before.shape.length) return false;
  const scales = scalesOf(node, graph);
  return [0, 1].every(
    (axis) =>
      sameDim(at(before.shape, axis), at(after.shape, axis)) && (scales === undefined || scales[axis] === 1),
  );
}

/** The same Resize of another value of the same shape. */
export function resized(node: Node, x: Value, graph: Rewriting): Value {
  return inScopeOf(node, () => graph.reapplied(node, x));
}
