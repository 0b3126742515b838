import { intOf, intsOf, stringOf } from '../attribute.js';
import type { Node } from '../model.js';
import { relu } from '../ops/unary.js';
import type { Rewriting } from '../rewrite.js';
import type { Value } from '../value.js';
import { isConvolution } from './scale-convolution.js';

/** A convolution of constant weights with the ReLU behind it, where it has one. */
export interface ConvolutionEnd {
  readonly convolution: Node;
  readonly hasRelu: boolean;
}

/** What ends at this node; a convolution whose only reader is a ReLU ends there. */
export function convolutionEnd(node: Node, graph: Rewriting): ConvolutionEnd | undefined {
  const [input = ''] = node.inputs;
  const before = graph.producer(input);
  if (isRelu(node) && before !== undefined && graph.isOwn(input) && isPlain(before, graph)) {
    return { convolution: before, hasRelu: true };
  }
  const [output = ''] = node.outputs;
  const [reader] = graph.consumers(output);
  if (!isPlain(node, graph) || (graph.isOwn(output) && reader !== undefined && isRelu(reader))) return;
  return { convolution: node, hasRelu: false };
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
    intsOf(node.attributes, 'dilations', []).every((value) => value === 1) &&
    stringOf(node.attributes, 'auto_pad', 'NOTSET') === 'NOTSET'
  );
}

export function ended({ hasRelu }: ConvolutionEnd, x: Value): Value {
  return hasRelu ? relu(x) : x;
}
