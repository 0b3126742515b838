import { intOf, intsOf, stringOf } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import type { Rewriting } from '../rewriting/rewrite.js';
import { isConvolution } from './scale-convolution.js';

/** A convolution of constant weights with its activation, where that is all that reads it. */
export interface ConvActivation {
  readonly convolution: Node;
  /** A ReLU, or what else `ActivationRules` take for one. */
  readonly activation?: Node;
}

/** Which convolutions are taken together with which activations. */
export interface ActivationRules {
  isConvolution(node: Node, graph: Rewriting): boolean;
  isActivation(node: Node): boolean;
}

export const areOnes = ({ attributes }: Node, name: string) =>
  intsOf(attributes, name, []).every((value) => value === 1);

const isPlain = (node: Node, graph: Rewriting): boolean =>
  node.opType === 'Conv' && isConvolution(node, graph) && isUngrouped(node);

/** Ungrouped, undilated, with padding told in numbers. */
export const isUngrouped = (node: Node): boolean =>
  intOf(node.attributes, 'group', 1) === 1 &&
  areOnes(node, 'dilations') &&
  stringOf(node.attributes, 'auto_pad', 'NOTSET') === 'NOTSET';

const PLAIN: ActivationRules = { isConvolution: isPlain, isActivation: isRelu };

/** The same, of stride 1. */
export const UNSTRIDED: ActivationRules = {
  ...PLAIN,
  isConvolution: (node, graph) => isPlain(node, graph) && areOnes(node, 'strides'),
};

/** The convolution that ends at this node; one whose only reader is an activation ends there. */
export function convActivation(
  node: Node,
  graph: Rewriting,
  { isConvolution: fits, isActivation }: ActivationRules = PLAIN,
): ConvActivation | undefined {
  const [input] = node.inputs;
  const before = graph.producer(input);
  if (isActivation(node) && before !== undefined && graph.isOwn(input) && fits(before, graph)) {
    return { convolution: before, activation: node };
  }
  const [output] = node.outputs;
  const [reader] = graph.consumers(output);
  if (!fits(node, graph) || (graph.isOwn(output) && reader !== undefined && isActivation(reader))) return;
  return { convolution: node };
}

export function isRelu({ opType, domain }: Node): boolean {
  return opType === 'Relu' && domain === '';
}

/** The activation of x, where there is one. */
export function withActivation(activation: Node | undefined, x: Value, graph: Rewriting): Value {
  return activation === undefined ? x : graph.reapplied(activation, x);
}
