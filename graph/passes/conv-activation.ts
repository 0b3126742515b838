import { intOf, intsOf, stringOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import type { Rewriting } from '../rewriting/rewrite.js';
import { reapplied } from './reapplied.js';
import { isConvolution } from './scale-convolution.js';

/** A convolution of constant weights with what bounds its result, where that is all that reads it. */
export interface ConvActivation {
  readonly convolution: Node;
  /** A ReLU, or what else `EndRules` let bound it. */
  readonly bounds?: Node;
}

/** Which convolutions, and what of that which reads them alone, are taken together. */
export interface EndRules {
  isConvolution(node: Node, graph: Rewriting): boolean;
  isClamp(node: Node): boolean;
}

const PLAIN: EndRules = { isConvolution: isPlain, isClamp: isRelu };

/** The same, of stride 1. */
export const UNSTRIDED: EndRules = {
  ...PLAIN,
  isConvolution: (node, graph) => isPlain(node, graph) && areOnes(node, 'strides'),
};

/** What ends at this node; a convolution whose only reader bounds it ends there. */
export function convActivation(
  node: Node,
  graph: Rewriting,
  { isConvolution: fits, isClamp }: EndRules = PLAIN,
): ConvActivation | undefined {
  const [input = ''] = node.inputs;
  const before = graph.producer(input);
  if (isClamp(node) && before !== undefined && graph.isOwn(input) && fits(before, graph)) {
    return { convolution: before, bounds: node };
  }
  const [output = ''] = node.outputs;
  const [reader] = graph.consumers(output);
  if (!fits(node, graph) || (graph.isOwn(output) && reader !== undefined && isClamp(reader))) return;
  return { convolution: node };
}

export function isRelu({ opType, domain }: Node): boolean {
  return opType === 'Relu' && domain === '';
}

/** Ungrouped, undilated, with padding told in numbers. */
function isPlain(node: Node, graph: Rewriting): boolean {
  return (
    node.opType === 'Conv' &&
    isConvolution(node, graph) &&
    intOf(node.attributes, 'group', 1) === 1 &&
    areOnes(node, 'dilations') &&
    stringOf(node.attributes, 'auto_pad', 'NOTSET') === 'NOTSET'
  );
}

const areOnes = ({ attributes }: Node, name: string) =>
  intsOf(attributes, name, []).every((value) => value === 1);

/** x within the bounds of an end. */
export function withActivation(
  { bounds }: Pick<ConvActivation, 'bounds'>,
  x: Value,
  graph: Rewriting,
): Value {
  return bounds === undefined ? x : reapplied(bounds, x, graph);
}
