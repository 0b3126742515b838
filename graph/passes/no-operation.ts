import { at } from '../common/at.js';
import { stringOf } from '../ir/attribute.js';
import { sameDim } from '../ir/dim.js';
import type { Node } from '../ir/model.js';
import type { Rewriting, Rule } from '../rewriting/rewrite.js';
import { isLinearResize, scalesOf } from './resizes.js';

/** What gives back what it is given: Identity, Dropout at inference, Reshape and half-pixel Resize to the same size. */
export const noOperation: Rule = (node, graph) => {
  const [input] = node.inputs;
  const value = graph.value(input);
  if (value === undefined || node.domain !== '' || node.outputs.length !== 1) return;
  switch (node.opType) {
    case 'Identity':
      return value;
    case 'Dropout':
      // From opset 12 on an input says whether it trains.
      return node.inputs.length < 3 && graph.opset >= 7 ? value : undefined;
    case 'Cast':
    case 'Reshape':
      return keeps(node, graph) ? value : undefined;
    case 'Resize':
      return isLinearResize(node, graph) && staysInPlace(node, graph) ? value : undefined;
    default:
      return;
  }
};

/** A scale of 1.1 leaves five pixels five, and moves them. */
function staysInPlace(node: Node, graph: Rewriting): boolean {
  const coordinates = stringOf(node.attributes, 'coordinate_transformation_mode', 'half_pixel');
  const scales = scalesOf(node, graph) ?? [];
  return coordinates === 'half_pixel' && keeps(node, graph) && scales.every((scale) => scale === 1);
}

function keeps(node: Node, graph: Rewriting): boolean {
  const [before, after] = [graph.value(node.inputs[0]), graph.value(node.outputs[0])];
  return (
    before !== undefined &&
    after !== undefined &&
    before.dtype === after.dtype &&
    before.shape.length === after.shape.length &&
    before.shape.every((dim, axis) => sameDim(dim, at(after.shape, axis)))
  );
}
