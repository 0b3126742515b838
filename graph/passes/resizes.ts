import { stringOf } from '../attribute.js';
import type { Node } from '../model.js';
import { apply } from '../op.js';
import { Resize } from '../ops/resize.js';
import { inScopeOf, type Rewriting } from '../rewrite.js';
import type { Value } from '../value.js';

/** Whether a node is a Resize whose results are weighted means of what it reads, by constant scales or sizes. */
export function isLinearResize(node: Node, graph: Rewriting): boolean {
  if (node.opType !== 'Resize' || node.domain !== '' || graph.opset < 11) return false;
  const coordinates = stringOf(node.attributes, 'coordinate_transformation_mode', 'half_pixel');
  const isMean = ['nearest', 'linear'].includes(stringOf(node.attributes, 'mode', 'nearest'));
  // Outside the image tf_crop_and_resize has a value of its own.
  return isMean && coordinates !== 'tf_crop_and_resize' && graph.value(node.outputs[0] ?? '') !== undefined;
}

/** The same Resize of another value of the same shape. */
export function resized(node: Node, x: Value, graph: Rewriting): Value {
  const operands = node.inputs.slice(1).map((name) => (name === '' ? undefined : graph.value(name)));
  return inScopeOf(node, () => apply(Resize, [x, ...operands], Object.fromEntries(node.attributes)));
}
